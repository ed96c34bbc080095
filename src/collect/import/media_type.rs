//! Media types by file name. A hint for people who open the file, never a reason to trust it.

/// The media type that a file's ending stands for; `application/octet-stream` for any other.
#[must_use]
pub fn by_name(name: &str) -> &'static str {
    let file = name.rsplit('/').next().unwrap_or_default();
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "csv" => "text/csv",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "eml" => "message/rfc822",
        "gif" => "image/gif",
        "gz" => "application/gzip",
        "htm" | "html" => "text/html",
        "jpeg" | "jpg" => "image/jpeg",
        "json" => "application/json",
        "md" => "text/markdown",
        "nessus" | "xml" => "application/xml",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "svg" => "image/svg+xml",
        "inf" | "log" | "txt" => "text/plain",
        "webp" => "image/webp",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "yaml" | "yml" => "application/yaml",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::by_name;

    #[test]
    fn the_last_ending_of_the_file_counts_not_that_of_a_folder() {
        assert_eq!(by_name("policies.pdf/access.TXT"), "text/plain");
        assert_eq!(by_name("report.pdf.zip"), "application/zip");
        assert_eq!(by_name("folder.pdf/README"), "application/octet-stream");
    }
}
