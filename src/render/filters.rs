//! What templates can do with a value beside printing it.
//!
//! Every filter returns plain text, which is then escaped; none returns markup.

use std::io::Write;

use tera::{Error, Kwargs, State, Tera, TeraResult};

use crate::model::responsibility::Party;
use crate::model::time::Timestamp;

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("short", |digest: &str, _: Kwargs, _: &State| short(digest));
    tera.register_filter("time", |time: &str, _: Kwargs, _: &State| moment(time, Timestamp::for_people));
    tera.register_filter("date", |time: &str, _: Kwargs, _: &State| {
        moment(time, |time| time.for_people().chars().take(10).collect())
    });
    tera.register_filter("party", |party: &str, _: Kwargs, _: &State| title_of_party(party));
    tera.register_filter("words", |word: &str, _: Kwargs, _: &State| word.replace('_', " "));
    tera.register_filter("shape", |word: &str, _: Kwargs, _: &State| shape(word));
    tera.register_filter("size", |bytes: u64, _: Kwargs, _: &State| size(bytes));
    tera.register_filter("grouped", |number: u64, _: Kwargs, _: &State| grouped(number));
    tera.register_filter("plural", |number: u64, words: Kwargs, _: &State| -> TeraResult<String> {
        let one: &str = words.must_get("one")?;
        let many: &str = words.must_get("many")?;
        Ok(format!("{} {}", grouped(number), if number == 1 { one } else { many }))
    });
}

/// Escapes for HTML text and quoted attributes. Control characters that HTML forbids become U+FFFD.
pub(super) fn escape(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let replacement = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            b'\t' | b'\n' | b'\r' => continue,
            0..=0x1F | 0x7F => "\u{FFFD}",
            _ => continue,
        };
        // All replaced bytes are ASCII, so both cuts lie on character borders.
        out.write_all(text.get(plain..at).unwrap_or_default().as_bytes())?;
        out.write_all(replacement.as_bytes())?;
        plain = at + 1;
    }
    out.write_all(text.get(plain..).unwrap_or_default().as_bytes())
}

/// The shape (and colour) that stands for a status, a finding, a collection outcome or a gap. What is not known to be
/// good or bad gets the shape of not knowing.
fn shape(word: &str) -> &'static str {
    match word {
        "met" | "pass" | "complete" | "empty" => "met",
        "not_met" | "fail" | "open" => "not_met",
        "not_applicable" | "not_offered" => "not_applicable",
        _ => "undetermined",
    }
}

/// The first twelve digits of a digest.
fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

fn moment(text: &str, print: fn(Timestamp) -> String) -> TeraResult<String> {
    text.parse::<Timestamp>().map(print).map_err(|fault| Error::message(fault.to_string()))
}

fn title_of_party(text: &str) -> TeraResult<String> {
    text.parse::<Party>().map(|party| party.title().to_owned()).map_err(Error::message)
}

/// `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units with one digit after the point.
fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = "kB";
    for next in ["MB", "GB", "TB"] {
        if tenths < 10_000 {
            break;
        }
        tenths /= 1000;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{escape, grouped, moment, shape, short, size};
    use crate::model::time::Timestamp;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        escape(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn markup_in_a_name_is_text_and_scripts_of_the_world_stay_as_they_are() {
        assert_eq!(
            escaped("<img src=x onerror='a(\"&\")'>"),
            "&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;"
        );
        assert_eq!(escaped("עברית 🦷 Ä\u{0}\u{1B}"), "עברית 🦷 Ä\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn a_word_nobody_knows_never_looks_like_a_pass() {
        assert_eq!(shape("met"), "met");
        assert_eq!(shape("anything else"), "undetermined");
        assert_eq!(shape("denied"), "undetermined");
    }

    #[test]
    fn sizes_and_numbers_read_like_people_write_them() {
        assert_eq!(
            [size(0), size(999), size(1000), size(1_549_999), size(2_000_000_000)].join(" "),
            "0 B 999 B 1.0 kB 1.5 MB 2.0 GB"
        );
        assert_eq!([grouped(7), grouped(1234), grouped(1_234_567)].join(" "), "7 1,234 1,234,567");
    }

    #[test]
    fn a_text_that_is_no_time_stops_the_page_instead_of_being_shown_as_one() {
        assert!(moment("soon", Timestamp::for_people).is_err());
        assert_eq!(short("abc"), "abc");
    }
}
