//! What crontab means, line by line, and what it does not.

use chrono::NaiveDateTime;

use super::{CronError, CronExpression};

fn at(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

fn next(expression: &str, after: &str) -> NaiveDateTime {
    expression.parse::<CronExpression>().unwrap().next_after(at(after)).unwrap()
}

#[test]
fn the_next_time_is_strictly_later() {
    assert_eq!(next("15 3 * * *", "2026-11-23 03:14"), at("2026-11-23 03:15"));
    assert_eq!(next("15 3 * * *", "2026-11-23 03:15"), at("2026-11-24 03:15"));
    assert_eq!(next("*/20 * * * *", "2026-12-31 23:40"), at("2027-01-01 00:00"));
}

#[test]
fn sunday_is_zero_and_seven_and_sun() {
    for weekday in ["0", "7", "sun", "SUN"] {
        // 2026-11-23 is a Monday.
        assert_eq!(next(&format!("0 6 * * {weekday}"), "2026-11-23 00:00"), at("2026-11-29 06:00"), "{weekday}");
    }
    assert_eq!(next("0 6 * * 5-7", "2026-11-23 00:00"), at("2026-11-27 06:00"));
    assert_eq!(next("0 6 * * 1", "2026-11-22 00:00"), at("2026-11-23 06:00"));
}

#[test]
fn two_restricted_day_fields_match_either_as_crontab_does() {
    assert_eq!(next("0 6 25 * mon", "2026-11-23 07:00"), at("2026-11-25 06:00"));
    assert_eq!(next("0 6 25 * mon", "2026-11-25 07:00"), at("2026-11-30 06:00"));
    assert_eq!(next("0 6 */2 * mon", "2026-11-23 07:00"), at("2026-12-07 06:00"));
}

#[test]
fn a_leap_day_is_found_years_ahead() {
    assert_eq!(next("0 0 29 2 *", "2028-03-01 00:00"), at("2032-02-29 00:00"));
}

#[test]
fn a_date_that_never_comes_is_refused() {
    assert!(matches!("0 0 31 2 *".parse::<CronExpression>(), Err(CronError::Never { .. })));
    assert!("0 0 31 2 mon".parse::<CronExpression>().is_ok(), "Mondays of February match");
}

#[test]
fn a_faulty_field_is_named() {
    for text in [
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "+5 * * * *",
        "1,, * * * *",
        "-1 * * * *",
        "300 * * * *",
    ] {
        let error = text.parse::<CronExpression>().unwrap_err();
        assert!(matches!(error, CronError::Field { .. }), "{text}: {error}");
    }
    for text in ["", "* * * *", "0 * * * * *", "0 0 6 * * mon 2026"] {
        assert!(matches!(text.parse::<CronExpression>(), Err(CronError::FieldCount { .. })), "{text}");
    }
}

#[test]
fn weekdays_count_as_in_crontab_and_not_as_in_the_crate_underneath() {
    // 2026-11-23 is a Monday. The crate would take 1 for Sunday.
    for (number, day) in (0..=7).zip([29, 23, 24, 25, 26, 27, 28, 29]) {
        let expected = at(&format!("2026-11-{day} 06:00"));
        assert_eq!(next(&format!("0 6 * * {number}"), "2026-11-23 00:00"), expected, "{number}");
    }
    for range in ["fri-sun", "Fri-Sun", "5-7", "5-0", "5,6,0"] {
        let expression = format!("0 6 * * {range}");
        let days = ["2026-11-23 00:00", "2026-11-27 06:00", "2026-11-28 06:00", "2026-11-29 06:00"];
        let found = days.map(|after| next(&expression, after).format("%a").to_string());
        assert_eq!(found, ["Fri", "Sat", "Sun", "Fri"], "{range}");
    }
}

#[test]
fn months_have_names_and_ranges_have_steps() {
    assert_eq!(next("0 6 1 jan,Jul *", "2026-11-23 00:00"), at("2027-01-01 06:00"));
    assert_eq!(next("0 6 1 feb-apr *", "2026-11-23 00:00"), at("2027-02-01 06:00"));
    assert_eq!(next("0 6 1 2-12/5 *", "2026-11-23 00:00"), at("2026-12-01 06:00"));
    assert_eq!(next("10-50/20 6 * * *", "2026-11-23 06:10"), at("2026-11-23 06:30"));
    assert_eq!(next("7/20 * * * *", "2026-11-23 06:07"), at("2026-11-23 06:27"));
}

#[test]
fn shorthands_are_the_lines_they_stand_for_and_print_as_they_were_written() {
    for (text, expected) in [
        ("@hourly", "2026-11-23 13:00"),
        ("@daily", "2026-11-24 00:00"),
        ("@Midnight", "2026-11-24 00:00"),
        ("@weekly", "2026-11-29 00:00"),
        ("@monthly", "2026-12-01 00:00"),
        ("@yearly", "2027-01-01 00:00"),
        ("@annually", "2027-01-01 00:00"),
    ] {
        assert_eq!(next(text, "2026-11-23 12:00"), at(expected), "{text}");
        assert_eq!(text.parse::<CronExpression>().unwrap().to_string(), text);
    }
    let error = "@reboot".parse::<CronExpression>().unwrap_err();
    assert!(error.to_string().contains("@daily"), "{error}");
}

#[test]
fn what_only_other_programs_understand_is_refused_by_name() {
    for (text, sign) in [
        ("0 6 L * *", 'L'),
        ("0 6 15W * *", 'W'),
        ("0 6 LW * *", 'L'),
        ("0 6 ? * mon", '?'),
        ("0 6 * * 5L", 'L'),
        ("0 6 * * mon#2", '#'),
        ("0 6 * * 1#1", '#'),
    ] {
        let error = text.parse::<CronExpression>().unwrap_err();
        assert!(error.to_string().contains(&format!("`{sign}`, which crontab does not know")), "{text}: {error}");
    }
}

#[test]
fn common_times_are_told_in_words_and_others_as_they_were_written() {
    for (text, words) in [
        ("15 3 * * *", "every day at 03:15"),
        ("@daily", "every day at 00:00"),
        ("0 6 * * mon", "every Monday at 06:00"),
        ("0 6 * * 1-5", "Monday, Tuesday, Wednesday, Thursday and Friday at 06:00"),
        ("30 2 1 * *", "on day 1 of every month at 02:30"),
        ("5 * * * *", "every hour at minute 5"),
        ("0 */6 * * *", "0 */6 * * *"),
        ("0 6 25 * mon", "0 6 25 * mon"),
        ("0 6 1 1 *", "0 6 1 1 *"),
    ] {
        assert_eq!(text.parse::<CronExpression>().unwrap().words(), words);
    }
}

#[test]
fn an_expression_prints_as_it_was_written() {
    let expression: CronExpression = " 0   6 * * Mon-Fri ".parse().unwrap();
    assert_eq!(expression.to_string(), "0 6 * * Mon-Fri");
    assert!(!expression.is_sub_daily());
    assert!("0 */6 * * *".parse::<CronExpression>().unwrap().is_sub_daily());
}
