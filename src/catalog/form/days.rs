//! Which days a field of a form takes: nobody has decided, analysed or looked at something in the future, and some papers may
//! not be older than a year. Start with [`Filled::days_beyond_limits`].

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

use super::answers::Filled;
use super::{Field, Form};

/// The limits of a day; for fields of the kind `date` only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayLimits {
    /// Not later than the day on which it is stated.
    #[serde(default)]
    pub not_after_today: bool,
    /// Not longer ago than so many months, counted from the day on which it is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_older_than_months: Option<u32>,
    /// Not before the day that this other field names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
}

impl DayLimits {
    /// In words, for people who fill it in: `Not after today; not older than 12 months.`
    #[must_use]
    pub fn words(&self) -> String {
        let mut all = Vec::new();
        if self.not_after_today {
            all.push("not after today".to_owned());
        }
        if let Some(months) = self.not_older_than_months {
            all.push(format!("not older than {}", in_months(months)));
        }
        if let Some(other) = &self.not_before {
            all.push(format!("not before the day of `{other}`"));
        }
        let words = all.join("; ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
    }

    /// What is wrong with these limits in a form, in words that go on after the field's name.
    pub(in crate::catalog) fn fault(&self, form: &Form, field: &Field) -> Option<String> {
        let is_date = |field: &Field| field.kind == super::FieldKind::Date;
        if !is_date(field) {
            return Some("has limits of a day and is no date".to_owned());
        }
        if self.not_older_than_months == Some(0) || *self == Self::default() {
            return Some("has limits of a day that limit nothing".to_owned());
        }
        let other = self.not_before.as_ref()?;
        let is_there = form.fields.iter().any(|one| one.id == *other && one.id != field.id && is_date(one));
        (!is_there).then(|| format!("may not be before `{other}`, which is no other date of the form"))
    }
}

impl Filled {
    /// Every day that its field does not take, with the limit, in words; `today` is the organization's day.
    #[must_use]
    pub fn days_beyond_limits(&self, form: &Form, today: NaiveDate) -> Vec<String> {
        let limited = form.fields.iter().filter_map(|field| Some((field, field.day.as_ref()?, self.day(&field.id)?)));
        limited.flat_map(|(field, limits, day)| self.beyond(field, limits, day, today)).collect()
    }

    fn beyond(&self, field: &Field, limits: &DayLimits, day: NaiveDate, today: NaiveDate) -> Vec<String> {
        let mut faults = Vec::new();
        if limits.not_after_today && day > today {
            faults.push(format!("`{}` is {day}, which is after today, {today}", field.id));
        }
        if let Some(months) = limits.not_older_than_months {
            let oldest = today.checked_sub_months(Months::new(months));
            if let Some(oldest) = oldest.filter(|oldest| day < *oldest) {
                let limit = in_months(months);
                faults.push(format!("`{}` is {day}, older than {limit}: not before {oldest}", field.id));
            }
        }
        let earliest = limits.not_before.as_ref().and_then(|other| Some((other, self.day(other)?)));
        if let Some((other, earliest)) = earliest.filter(|(_, earliest)| day < *earliest) {
            faults.push(format!("`{}` is {day}, which is before `{other}`, {earliest}", field.id));
        }
        faults
    }
}

fn in_months(months: u32) -> String {
    if months == 1 { "1 month".to_owned() } else { format!("{months} months") }
}

#[cfg(test)]
mod tests {
    use crate::catalog::form::answers::{Answers, template};
    use crate::catalog::form::tests::form;

    fn beyond(id: &str, text: &str) -> Vec<String> {
        let filled = Answers::read(text).unwrap().check(form(id)).unwrap();
        filled.days_beyond_limits(form(id), "2026-03-31".parse().unwrap())
    }

    #[test]
    fn a_period_lies_in_the_past_and_ends_after_it_began() {
        let period = |from: &str, to: &str| beyond("breach-none", &format!("from: {from}\nto: {to}\nlooked_at: log"));
        assert!(period("2026-03-31", "2026-03-31").is_empty());
        assert_eq!(
            period("2026-04-01", "2030-12-31"),
            [
                "`from` is 2026-04-01, which is after today, 2026-03-31",
                "`to` is 2030-12-31, which is after today, 2026-03-31"
            ]
        );
        assert_eq!(period("2026-03-02", "2026-03-01"), ["`to` is 2026-03-01, which is before `from`, 2026-03-02"]);
    }

    #[test]
    fn an_analysis_is_not_older_than_twelve_months() {
        let on = |day: &str| {
            let rest = "what_is_done: w\nassets: a\nthreats: t\nfactors: f\nfrequency: f\nkept: k";
            beyond("pci-targeted-risk-analysis", &format!("{rest}\nanalysed_on: {day}"))
        };
        assert!(on("2025-03-31").is_empty());
        assert_eq!(on("2025-03-30"), ["`analysed_on` is 2025-03-30, older than 12 months: not before 2025-03-31"]);
        assert_eq!(on("2026-04-01").len(), 1);
    }

    #[test]
    fn the_limits_of_a_day_stand_in_the_file_to_fill_in() {
        let text = template(form("pci-customized-approach"));
        assert!(text.contains("# Not after today; not older than 12 months."), "{text}");
    }
}
