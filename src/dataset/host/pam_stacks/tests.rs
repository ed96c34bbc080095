use serde_json::{Value, json};

use super::parse;

const DEBIAN: &[u8] = include_bytes!("../../../../collectors/linux/pam_stacks/sample/stdout");
const RHEL: &[u8] = include_bytes!("../../../../collectors/linux/pam_stacks/sample/constructed_rhel");

fn stack(output: &[u8], service: &str, kind: &str) -> Vec<Value> {
    let rows = parse(output).unwrap().rows;
    rows.into_iter().filter(|row| row["service"] == service && row["type"] == kind).collect()
}

fn modules(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["module"].as_str().unwrap_or("?")).collect()
}

#[test]
fn debians_includes_stand_where_they_were_written() {
    let rows = stack(DEBIAN, "sshd", "auth");
    assert_eq!(modules(&rows), ["pam_unix.so", "pam_deny.so", "pam_permit.so", "pam_cap.so"]);
    assert_eq!(rows[0]["control"], json!("[success=1 default=ignore]"));
    assert_eq!(rows[0]["arguments"], json!(["nullok"]));
    assert_eq!(rows[0]["file"], json!("/etc/pam.d/common-auth"));
    assert_eq!(rows[0]["through"], json!(["@include common-auth"]));
    assert_eq!(stack(DEBIAN, "passwd", "password")[0]["arguments"], json!(["obscure", "yescrypt"]));
    assert_eq!(modules(&stack(DEBIAN, "su", "auth"))[..2], ["pam_rootok.so", "pam_unix.so"]);
}

#[test]
fn an_include_of_one_kind_takes_in_lines_of_that_kind_only() {
    let rows = stack(RHEL, "sshd", "auth");
    assert_eq!(
        modules(&rows),
        ["pam_env.so", "pam_faillock.so", "pam_unix.so", "pam_faillock.so", "pam_deny.so", "pam_postlogin.so"]
    );
    assert_eq!(rows[1]["arguments"], json!(["preauth", "silent"]));
    assert_eq!(rows[1]["through"], json!(["substack password-auth"]));
    let orders: Vec<_> = rows.iter().map(|row| row["order"].as_u64().unwrap()).collect();
    assert_eq!(orders, [1, 2, 3, 4, 5, 6]);
    assert_eq!(
        modules(&stack(RHEL, "passwd", "password")),
        ["pam_pwquality.so", "pam_pwhistory.so", "pam_unix.so", "pam_deny.so", "pam_gnome_keyring.so"]
    );
    assert!(stack(RHEL, "passwd", "session").is_empty());
}

#[test]
fn a_module_that_may_be_missing_a_path_and_other_letters_are_read() {
    let output = b"== countersign /etc/pam.d/x\n-Session OPTIONAL /lib/security/pam_systemd.so a [b c=\\]d]  e\n\
        auth [user_unknown=ignore   success=ok\tdefault=bad] pam_x.so # why\n";
    let rows = parse(output).unwrap().rows;
    assert_eq!((&rows[0]["optional"], &rows[0]["control"]), (&json!(true), &json!("optional")));
    assert_eq!((&rows[0]["type"], &rows[0]["module"]), (&json!("session"), &json!("pam_systemd.so")));
    assert_eq!(rows[0]["arguments"], json!(["a", "b c=]d", "e"]));
    assert_eq!(rows[1]["control"], json!("[user_unknown=ignore success=ok default=bad]"));
    assert_eq!(rows[1]["arguments"], json!([]));
}

#[test]
fn a_line_that_goes_on_is_one_and_a_comment_never_swallows_the_next_line() {
    let output = b"== countersign /etc/pam.d/x\nauth required \\\n  pam_a.so \\\n  one two\n# off \\\nauth required pam_b.so\nauth required pam_c.so \\\n";
    let rows = parse(output).unwrap().rows;
    assert_eq!(modules(&rows), ["pam_a.so", "pam_b.so", "pam_c.so"]);
    assert_eq!(rows[0]["arguments"], json!(["one", "two"]));
}

#[test]
fn a_file_of_the_administrator_hides_the_vendors() {
    let output = b"== countersign /etc/pam.d/su\nauth required pam_mine.so\n== countersign /usr/lib/pam.d/su\nauth required pam_theirs.so\n";
    assert_eq!(modules(&parse(output).unwrap().rows), ["pam_mine.so"]);
}

#[test]
fn an_include_of_a_file_that_is_not_there_is_a_row_without_a_module() {
    let output = b"== countersign /etc/pam.d/x\n@include common-gone\nauth include gone\n";
    let rows = parse(output).unwrap().rows;
    assert_eq!(
        (&rows[0]["module"], &rows[0]["type"], &rows[0]["arguments"]),
        (&json!(null), &json!(null), &json!(["common-gone"]))
    );
    assert_eq!((&rows[1]["module"], &rows[1]["type"]), (&json!(null), &json!("auth")));
}

#[test]
fn includes_in_a_circle_and_includes_without_end_are_refused_with_the_service() {
    let circle = b"== countersign /etc/pam.d/a\n@include b\n== countersign /etc/pam.d/b\n@include a\n";
    let fault = parse(circle).unwrap_err().to_string();
    assert!(fault.contains("`a`") && fault.contains("circle"), "{fault}");
    let mut bomb = String::new();
    for level in 0..14 {
        let (mark, include) = (format!("== countersign /etc/pam.d/l{level}\n"), format!("@include l{}\n", level + 1));
        bomb.push_str(&mark);
        bomb.push_str(&include.repeat(20));
    }
    bomb.push_str("== countersign /etc/pam.d/l14\nauth required pam_unix.so\n");
    assert!(parse(bomb.as_bytes()).unwrap_err().to_string().contains("more modules"));
}

#[test]
fn what_is_no_line_of_pam_is_refused_with_its_number() {
    for bad in ["hello there world", "auth required", "auth [success=1 pam_unix.so", "@include"] {
        let output = format!("== countersign /etc/pam.d/x\nauth required pam_unix.so\n{bad}\n");
        let fault = parse(output.as_bytes()).unwrap_err().to_string();
        assert!(fault.contains("line 3"), "{bad}: {fault}");
    }
    assert!(parse(b"").is_err());
    assert!(parse(b"motd noise\n== countersign /etc/pam.d/x\n").unwrap_err().to_string().contains("line 1"));
}
