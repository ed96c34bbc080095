//! The `# METADATA` comment block of a rule: YAML behind comment signs, as the Open Policy Agent defines it.
//!
//! Reads one block and nothing else; never looks at the rule itself. Start with [`read`].

use serde::Deserialize;

use super::CheckMetadata;
use crate::catalog::fault::Faults;

/// What a check's METADATA block says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Annotations {
    #[serde(default)]
    #[allow(dead_code, reason = "allowed by the annotation format, always `package` here")]
    scope: Option<Scope>,
    pub title: String,
    pub description: String,
    #[serde(default)]
    pub related_resources: Vec<RelatedResource>,
    pub custom: CheckMetadata,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Package,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RelatedResource {
    Address(String),
    Described {
        #[serde(rename = "ref")]
        address: String,
        #[serde(default)]
        #[allow(dead_code, reason = "for readers of the file")]
        description: String,
    },
}

impl RelatedResource {
    pub fn into_address(self) -> String {
        match self {
            Self::Address(address) | Self::Described { address, .. } => address,
        }
    }
}

/// Reads the block that stands before the package line. Lines in faults are lines of the whole file.
pub(super) fn read(file: &str, rego: &str, faults: &mut Faults) -> Option<Annotations> {
    let lines: Vec<&str> = rego.lines().collect();
    let Some(opening) = lines.iter().position(|line| line.trim_end() == "# METADATA") else {
        faults.add(file, None, "the rule has no `# METADATA` block; begin the file with one (docs/add-a-check.md)");
        return None;
    };
    let package = lines.iter().position(|line| line.starts_with("package ")).unwrap_or(lines.len());
    if opening > package {
        let message = "the `# METADATA` block stands behind the package line; move it to the top of the file";
        faults.add(file, Some(line_number(opening)), message);
        return None;
    }
    let yaml: String = lines
        .iter()
        .skip(opening + 1)
        .map_while(|line| line.strip_prefix('#'))
        .flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"])
        .collect();
    match serde_saphyr::from_str::<Annotations>(&yaml) {
        Ok(annotations) => Some(annotations),
        Err(error) => {
            let line = error.location().map(|location| line_number(opening) + location.line());
            let text = error.without_snippet().to_string();
            // The parser's own line counts from the block, not from the file: keep only what it says.
            let text = text.split(" at line ").next().unwrap_or_default();
            faults.add(file, line.or(Some(line_number(opening))), format!("METADATA cannot be read: {text}"));
            None
        }
    }
}

fn line_number(index: usize) -> u64 {
    index as u64 + 1
}
