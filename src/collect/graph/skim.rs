//! A body's outline in one quick pass: the outermost object's links and errors, how many objects its list holds, whether a
//! list inside was cut. No value inside a row is built.

use std::fmt;
use std::sync::LazyLock;

use regex::bytes::Regex;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The name of a continuation; a plain text, which the crate finds faster than anything written by hand.
static CONTINUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("@odata\\.nextLink").ok());

#[derive(Debug, PartialEq, Eq)]
pub(super) enum List {
    Absent,
    Rows(usize),
    Other,
}

/// The outermost object of a body.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) value: List,
    pub(super) next_link: Option<String>,
    /// What is under `error`, unless it is null.
    pub(super) error: Option<Value>,
    pub(super) holds_cut_lists: bool,
    /// Fields that are not `@odata.…` annotations.
    pub(super) fields: usize,
}

impl Envelope {
    /// How many rows it holds: those of its list, or one for the object itself. None when its list is none.
    pub(super) fn rows(&self) -> Option<usize> {
        match self.value {
            List::Absent => Some(1),
            List::Rows(rows) => Some(rows),
            List::Other => None,
        }
    }
}

/// Reads a body's outermost object.
///
/// What is inside its rows is looked through only when the name of a continuation occurs there: passing over it costs a
/// fraction of that.
///
/// # Errors
/// What `serde_json` says of it.
pub(super) fn envelope(body: &[u8]) -> Result<Envelope, serde_json::Error> {
    let continuations = CONTINUATION.as_ref().map_or(usize::MAX, |name| name.find_iter(body).take(2).count());
    if continuations < 2 {
        let envelope = shallow(body)?;
        if continuations == usize::from(envelope.next_link.is_some()) {
            return Ok(envelope);
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let envelope = deserializer.deserialize_map(EnvelopeVisitor::<true>)?;
    deserializer.end().map(|()| envelope)
}

fn shallow(body: &[u8]) -> Result<Envelope, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let envelope = deserializer.deserialize_map(EnvelopeVisitor::<false>)?;
    deserializer.end().map(|()| envelope)
}

/// A body of an item of a batch: an object, or something else.
#[derive(Debug, Default)]
pub(super) struct ItemBody(pub(super) Option<Envelope>);

impl<'de> Deserialize<'de> for ItemBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;
        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = ItemBody;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a body")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ItemBody, A::Error> {
                EnvelopeVisitor::<true>.visit_map(map).map(|envelope| ItemBody(Some(envelope)))
            }

            fn visit_str<E>(self, _: &str) -> Result<ItemBody, E> {
                Ok(ItemBody(None))
            }

            fn visit_unit<E>(self) -> Result<ItemBody, E> {
                Ok(ItemBody(None))
            }
        }
        deserializer.deserialize_any(BodyVisitor)
    }
}

/// Looks inside rows when `DEEP`.
struct EnvelopeVisitor<const DEEP: bool>;

impl<'de, const DEEP: bool> Visitor<'de> for EnvelopeVisitor<DEEP> {
    type Value = Envelope;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope =
            Envelope { value: List::Absent, next_link: None, error: None, holds_cut_lists: false, fields: 0 };
        let mut links = 0;
        while let Some(name) = map.next_key::<String>()? {
            envelope.fields += usize::from(!name.starts_with("@odata."));
            match name.as_str() {
                "@odata.nextLink" => {
                    envelope.next_link = map.next_value()?;
                    links += 1;
                }
                "value" if envelope.value == List::Absent => {
                    let rows: Inner<DEEP> = map.next_value()?;
                    envelope.value = rows.objects.map_or(List::Other, List::Rows);
                    envelope.holds_cut_lists |= rows.holds_cut_lists;
                }
                "value" => return Err(serde::de::Error::duplicate_field("value")),
                "error" => envelope.error = map.next_value()?,
                _ => {
                    envelope.holds_cut_lists |= name.ends_with("@odata.nextLink");
                    envelope.holds_cut_lists |= map.next_value::<Inner<DEEP>>()?.holds_cut_lists;
                }
            }
        }
        if links > 1 {
            return Err(serde::de::Error::duplicate_field("@odata.nextLink"));
        }
        Ok(envelope)
    }
}

/// Anything inside a page.
struct Inner<const DEEP: bool> {
    /// How many objects, when it is a list of nothing but objects.
    objects: Option<usize>,
    is_object: bool,
    holds_cut_lists: bool,
}

impl<const DEEP: bool> Inner<DEEP> {
    const SCALAR: Self = Self { objects: None, is_object: false, holds_cut_lists: false };
}

impl<'de, const DEEP: bool> Deserialize<'de> for Inner<DEEP> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InnerVisitor::<DEEP>)
    }
}

/// Whether a field's name says that a list was cut; read without keeping the name.
struct NamesContinuation(bool);

impl<'de> Deserialize<'de> for NamesContinuation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = NamesContinuation;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a field name")
            }

            fn visit_str<E>(self, name: &str) -> Result<NamesContinuation, E> {
                Ok(NamesContinuation(name.ends_with("@odata.nextLink")))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

struct InnerVisitor<const DEEP: bool>;

impl<'de, const DEEP: bool> Visitor<'de> for InnerVisitor<DEEP> {
    type Value = Inner<DEEP>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inner<DEEP>, A::Error> {
        let mut holds_cut_lists = false;
        if DEEP {
            while let Some(NamesContinuation(named)) = map.next_key()? {
                holds_cut_lists |= named;
                holds_cut_lists |= map.next_value::<Self::Value>()?.holds_cut_lists;
            }
        } else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        }
        Ok(Inner { objects: None, is_object: true, holds_cut_lists })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Inner<DEEP>, A::Error> {
        let mut list = Inner { objects: Some(0), is_object: false, holds_cut_lists: false };
        while let Some(item) = items.next_element::<Inner<DEEP>>()? {
            list.objects = list.objects.filter(|_| item.is_object).map(|count| count + 1);
            list.holds_cut_lists |= item.holds_cut_lists;
        }
        Ok(list)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Inner<DEEP>, E> {
        Ok(Inner::SCALAR)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Inner<DEEP>, E> {
        Ok(Inner::SCALAR)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Inner<DEEP>, E> {
        Ok(Inner::SCALAR)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Inner<DEEP>, E> {
        Ok(Inner::SCALAR)
    }

    fn visit_str<E>(self, _: &str) -> Result<Inner<DEEP>, E> {
        Ok(Inner::SCALAR)
    }

    fn visit_unit<E>(self) -> Result<Inner<DEEP>, E> {
        Ok(Inner::SCALAR)
    }
}
