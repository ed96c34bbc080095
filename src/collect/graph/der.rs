//! The little of DER that a certificate needs: tag, length, content; written, and read without believing any length.

use chrono::{Datelike, NaiveDateTime};

use crate::model::time::Timestamp;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTF8: u8 = 0x0c;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]` around the version, `[3]` around the extensions.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_3: u8 = 0xa3;

/// One value: its tag, the length in the shortest form, and the parts one after another.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
            out.extend(significant);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A moment as certificates write it: two digits of the year until 2049, four from then on.
pub(super) fn time(at: Timestamp) -> Vec<u8> {
    let at = at.as_datetime();
    if (1950..2050).contains(&at.year()) {
        value(UTC_TIME, &[at.format("%y%m%d%H%M%SZ").to_string().as_bytes()])
    } else {
        value(GENERALIZED_TIME, &[at.format("%Y%m%d%H%M%SZ").to_string().as_bytes()])
    }
}

/// Values one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next value; none at the end, or where the bytes are not DER.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if *first >= 0x80 {
            // Nothing here needs more than three bytes of length.
            let (bytes, after) =
                rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 3)?;
            length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((*tag, content))
    }

    /// The content of the next value, if it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

/// From when and until when a certificate is valid.
pub(super) fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let mut signed = Reader(Reader(certificate).expect(SEQUENCE)?);
    let mut fields = Reader(signed.expect(SEQUENCE)?);
    // Certificates of version 1 begin with the serial number.
    if fields.0.first() == Some(&CONTEXT_0) {
        fields.next()?;
    }
    fields.expect(INTEGER)?;
    fields.expect(SEQUENCE)?;
    fields.expect(SEQUENCE)?;
    let mut dates = Reader(fields.expect(SEQUENCE)?);
    Some((read_time(&mut dates)?, read_time(&mut dates)?))
}

fn read_time(dates: &mut Reader<'_>) -> Option<Timestamp> {
    let (tag, content) = dates.next()?;
    let text = std::str::from_utf8(content).ok()?;
    let whole = match tag {
        // RFC 5280: years from 50 on are of the twentieth century.
        UTC_TIME if text.get(..2)?.parse::<u8>().ok()? >= 50 => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(&whole, "%Y%m%d%H%M%SZ").ok()?;
    Some(Timestamp::from(time.and_utc()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{OCTET_STRING, Reader, time, validity, value};
    use crate::model::time::Timestamp;

    #[test]
    fn years_are_read_as_they_are_written_on_both_sides_of_2050() {
        for text in ["1996-02-29T00:00:00Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z", "2150-07-01T12:00:00Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(super::read_time(&mut Reader(&time(at))), Some(at), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(content in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let written = value(OCTET_STRING, &[&content]);
            prop_assert_eq!(Reader(&written).expect(OCTET_STRING), Some(content.as_slice()));
        }

        #[test]
        fn bytes_that_are_no_certificate_have_no_dates(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(validity(&bytes), None);
        }
    }
}
