//! Pages and their opaque tokens.
//!
//! A token is a place in the collection, masked and authenticated with a key that depends on tenant, session, path and
//! query: it cannot be made up, changed, or used for another question.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_seal::digest::Digest;

use super::query::Query;

/// What a token is bound to.
#[derive(Debug, Clone)]
pub(super) struct Binding(Digest);

/// A place in a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub offset: usize,
    /// Pages given before, empty ones included.
    pub page: usize,
}

impl Binding {
    pub(super) fn new(tenant: &str, session: u64, path: &str, query: &Query) -> Self {
        let Query { select, expand, filter, top, count, skip_token: _ } = query;
        let text =
            format!("{tenant}\n{session}\n{}\n{select:?}{expand:?}{filter:?}{top:?}{count}", path.to_lowercase());
        Self(Digest::of(text.as_bytes()))
    }

    fn mac(&self, plain: &[u8]) -> Digest {
        let mut text = self.0.as_bytes().to_vec();
        text.extend_from_slice(plain);
        text.extend_from_slice(self.0.as_bytes());
        Digest::of(&text)
    }

    pub(super) fn token(&self, place: Place) -> String {
        let mut plain = [0_u8; 16];
        plain[..8].copy_from_slice(&(place.offset as u64).to_be_bytes());
        plain[8..].copy_from_slice(&(place.page as u64).to_be_bytes());
        let mut bytes: Vec<u8> = plain.iter().zip(self.0.as_bytes()).map(|(byte, mask)| byte ^ mask).collect();
        bytes.extend_from_slice(self.mac(&plain).as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place a token stands for; none when it was made for something else, or by somebody else.
    pub(super) fn place(&self, token: &str) -> Option<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == 48)?;
        let (masked, mac) = bytes.split_at(16);
        let plain: Vec<u8> = masked.iter().zip(self.0.as_bytes()).map(|(byte, mask)| byte ^ mask).collect();
        if self.mac(&plain).as_bytes() != mac {
            return None;
        }
        let number =
            |bytes: &[u8]| -> Option<usize> { usize::try_from(u64::from_be_bytes(bytes.try_into().ok()?)).ok() };
        Some(Place { offset: number(plain.get(..8)?)?, page: number(plain.get(8..)?)? })
    }
}

/// Which rows a page holds, and where the next one begins.
pub(super) fn cut(
    total: usize,
    place: Place,
    size: usize,
    empty_pages: bool,
) -> (std::ops::Range<usize>, Option<Place>) {
    let start = place.offset.min(total);
    // The second page, and then every fourth, holds nothing although more follows.
    if empty_pages && place.page % 4 == 1 && start < total {
        return (start..start, Some(Place { offset: start, page: place.page + 1 }));
    }
    let end = start.saturating_add(size).min(total);
    let next = (end < total).then_some(Place { offset: end, page: place.page + 1 });
    (start..end, next)
}

#[cfg(test)]
mod tests {
    use super::{Binding, Place, cut};
    use crate::demo::tenant::query::Query;

    #[test]
    fn a_token_leads_back_to_its_place_and_only_under_its_own_binding() {
        let query = Query::default();
        let ours = Binding::new("tenant-a", 0, "/users", &query);
        let token = ours.token(Place { offset: 50, page: 1 });
        assert_eq!(ours.place(&token), Some(Place { offset: 50, page: 1 }));
        for other in [
            Binding::new("tenant-b", 0, "/users", &query),
            Binding::new("tenant-a", 1, "/users", &query),
            Binding::new("tenant-a", 0, "/groups", &query),
            Binding::new("tenant-a", 0, "/users", &Query { top: Some(5), ..Query::default() }),
        ] {
            assert_eq!(other.place(&token), None);
        }
    }

    #[test]
    fn pages_with_empty_ones_between_hold_every_row_once() {
        let (mut place, mut rows, mut empty) = (Some(Place::default()), Vec::new(), 0);
        while let Some(here) = place {
            let (range, next) = cut(23, here, 5, true);
            empty += usize::from(range.is_empty());
            rows.extend(range);
            place = next;
        }
        assert_eq!(rows, (0..23).collect::<Vec<_>>());
        assert_eq!(empty, 2);
    }
}
