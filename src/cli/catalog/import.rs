//! `countersign catalog import oscal FILE [--to DIR]`

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::show::the_framework;
use crate::catalog::Catalog;
use crate::catalog::fault::Faults;
use crate::catalog::files::MAX_FILE_BYTES;
use crate::catalog::oscal::{self, MAX_BYTES, folder};
use crate::cli::advice::Unwritten;
use crate::cli::{Common, output, session};
use crate::model::id::FrameworkId;

#[derive(Debug, Subcommand)]
pub enum Form {
    /// A catalog in OSCAL's JSON form, version 1.1 or 1.2
    Oscal {
        file: PathBuf,
        /// A folder that does not exist yet; name it in the settings afterwards. Default: the new framework's id, or
        /// `texts-beside-FRAMEWORK`, in the current folder
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// The new framework's id
        #[arg(long, default_value = "imported", conflicts_with = "beside")]
        id: FrameworkId,
        /// Write texts only, for the controls of this framework that have the very same id or alias
        #[arg(long, value_name = "FRAMEWORK")]
        beside: Option<FrameworkId>,
    },
}

/// Writes a whole folder that passes the lint, or nothing.
pub fn run(common: &Common, catalog: &Catalog, form: &Form) -> anyhow::Result<()> {
    let Form::Oscal { file, to, id, beside } = form;
    let to = to.clone().unwrap_or_else(|| match beside {
        Some(framework) => format!("texts-beside-{framework}").into(),
        None => id.as_str().into(),
    });
    let to = std::path::absolute(&to).with_context(|| format!("{} cannot be a folder", to.display()))?;
    if to.symlink_metadata().is_ok() {
        bail!("{} exists already; name a folder that does not with --to", to.display());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let official = oscal::read(&bytes).with_context(|| format!("nothing was imported from {}", file.display()))?;
    let (files, controls) = match beside {
        Some(framework) => {
            let framework = the_framework(catalog, framework)?;
            let (files, found) = folder::beside(&official, framework);
            if found == 0 {
                bail!("no control of {} has an id or alias of this catalog; nothing was imported", framework.id);
            }
            (files, found)
        }
        None if catalog.frameworks.contains_key(id) => {
            bail!("there is a framework `{id}` already; choose another with --id, or use --beside {id}")
        }
        None => (folder::framework(&official, id), official.families.iter().map(|one| one.controls.len()).sum()),
    };
    let mut all = session::configured_files(common)?;
    for (path, text) in &files {
        all = all.with_file(path, text.as_bytes());
    }
    if let Err(faults) = Catalog::load(&all) {
        bail!("the catalog cannot be used as it is; nothing was imported:\n  {}", told(&faults, &files).join("\n  "));
    }
    let what = format!("{} cannot be written; nothing was imported", to.display());
    write(&files, &to).context(Unwritten { path: to.clone(), what })?;
    if common.json {
        return output::json(&json!({"folder": to, "controls": controls, "files": files.keys().collect::<Vec<_>>()}));
    }
    output::line(&format!("Wrote {controls} controls to {}.", to.display()))?;
    output::line("Add the folder to the settings, under [catalog], then run countersign catalog lint:")?;
    output::line(&format!("  folders = [{}]", toml_string(&to.display().to_string())))
}

/// Faults of files that are not written yet, told by the controls they are about.
fn told(faults: &Faults, files: &folder::Files) -> Vec<String> {
    let all = faults.0.iter().map(|fault| {
        let Some(place) = folder::place_of(files, &fault.file, fault.line) else { return fault.to_string() };
        let is_too_large = files.get(&fault.file).is_some_and(|text| text.len() as u64 > MAX_FILE_BYTES);
        if is_too_large {
            let most = MAX_FILE_BYTES / 1024;
            return format!("{place}: title, texts and objectives take more than {most} KiB; shorten them");
        }
        format!("{place}: {}", fault.message)
    });
    all.collect()
}

/// A text as TOML writes it, whatever it holds.
fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if output::plain(letter.encode_utf8(&mut [0; 4])).contains(letter) => quoted.push(letter),
            _ => quoted.extend([format!("\\u{:04X}", u32::from(letter))]),
        }
    }
    quoted.push('"');
    quoted
}

/// Beside the place first, so that nobody finds a folder that is half there.
fn write(files: &folder::Files, to: &Path) -> std::io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(to.file_name().unwrap_or_default());
    name.push(format!(".import-{}", std::process::id()));
    let beside = to.with_file_name(name);
    std::fs::create_dir(&beside)?;
    let written = fill(files, &beside).and_then(|()| std::fs::rename(&beside, to));
    if written.is_err() {
        // What went wrong is told; that the rest could not be removed either would only hide it.
        let _ = std::fs::remove_dir_all(&beside);
    }
    written
}

fn fill(files: &folder::Files, below: &Path) -> std::io::Result<()> {
    for (path, text) in files {
        let path = below.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::toml_string;

    #[test]
    fn a_path_is_printed_as_settings_are_written_whatever_it_holds() {
        for path in ["/a b/ü", "C:\\new \"one\"", "/a'b", "/line\nand\u{1b}[2J\u{202e}", "/\u{7f}\t"] {
            let printed = toml_string(path);
            let read: toml::Table = format!("folder = {printed}").parse().unwrap();
            assert_eq!(read["folder"].as_str(), Some(path), "{printed}");
            assert!(!printed.contains(char::is_control) && !printed.contains('\u{202e}'), "{printed}");
        }
    }
}
