//! The files compiled into the program, and a folder whose files replace them by name.
//!
//! Reads the folder once, at start; never writes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::RenderError;

#[derive(RustEmbed)]
#[folder = "templates"]
struct CompiledTemplates;

#[derive(RustEmbed)]
#[folder = "assets"]
struct CompiledAssets;

/// A file served beside pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    pub bytes: Cow<'static, [u8]>,
    pub media_type: &'static str,
}

/// All assets by name.
#[derive(Debug)]
pub(super) struct Assets {
    files: BTreeMap<String, Asset>,
    stylesheet: String,
}

impl Assets {
    pub(super) fn load(overrides: Option<&Path>) -> Result<Self, RenderError> {
        let mut files = BTreeMap::new();
        for name in CompiledAssets::iter() {
            if let Some(file) = CompiledAssets::get(&name) {
                files.insert(name.to_string(), Asset { bytes: file.data, media_type: media_type(&name) });
            }
        }
        for (name, path) in replacements(overrides, "assets")? {
            let bytes = std::fs::read(&path).map_err(|source| RenderError::Folder { folder: path, source })?;
            let media_type = media_type(&name);
            files.insert(name, Asset { bytes: Cow::Owned(bytes), media_type });
        }
        let stylesheet = files.get("countersign.css").map(|css| css.bytes.as_ref()).unwrap_or_default();
        let stylesheet = inline_safe(stylesheet)
            .map_err(|why| RenderError::Override { file: PathBuf::from("assets/countersign.css"), why })?;
        Ok(Self { files, stylesheet })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }

    /// The stylesheet as reports carry it inside themselves.
    pub(super) fn stylesheet(&self) -> &str {
        &self.stylesheet
    }
}

/// Every template by name, replacements last.
pub(super) fn templates(overrides: Option<&Path>) -> Result<Vec<(String, String)>, RenderError> {
    let mut all = BTreeMap::new();
    for name in CompiledTemplates::iter() {
        if let Some(file) = CompiledTemplates::get(&name) {
            all.insert(name.to_string(), String::from_utf8_lossy(&file.data).into_owned());
        }
    }
    for (name, path) in replacements(overrides, "templates")? {
        // Only names that end in `.html` are escaped, so nothing else may become a template.
        if Path::new(&name).extension().is_none_or(|extension| extension != "html") {
            return Err(RenderError::Override { file: path, why: "a template's name must end in .html".to_owned() });
        }
        let text = std::fs::read_to_string(&path).map_err(|source| RenderError::Folder { folder: path, source })?;
        all.insert(name, text);
    }
    Ok(all.into_iter().collect())
}

/// The stylesheet goes into a `<style>` element unescaped, so it must not be able to end that element.
fn inline_safe(css: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(css).map_err(|_| "the stylesheet is not UTF-8".to_owned())?;
    if text.to_ascii_lowercase().contains("</style") {
        return Err("the stylesheet holds `</style`, which would end the element it is printed in".to_owned());
    }
    Ok(text.to_owned())
}

/// Files below `<overrides>/<kind>` as (name with forward slashes, path).
fn replacements(overrides: Option<&Path>, kind: &str) -> Result<Vec<(String, PathBuf)>, RenderError> {
    let Some(folder) = overrides else { return Ok(Vec::new()) };
    let fault = |folder: &Path, source| RenderError::Folder { folder: folder.to_owned(), source };
    if !folder.is_dir() {
        return Err(fault(folder, std::io::ErrorKind::NotADirectory.into()));
    }
    let root = folder.join(kind);
    let mut found = Vec::new();
    let mut waiting = if root.is_dir() { vec![root.clone()] } else { Vec::new() };
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).map_err(|source| fault(&next, source))? {
            let path = entry.map_err(|source| fault(&next, source))?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(below) = path.strip_prefix(&root) {
                let name = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn media_type(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
