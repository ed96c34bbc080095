//! Reads a catalog in OSCAL's JSON form (1.1 and 1.2), such as NIST's of SP 800-53 and SP 800-171, for a user's own use.
//!
//! Reads bytes and nothing else: follows no link, writes no file, guesses no id. A catalog is read whole or refused. Links
//! and back matter are not read, so nothing in them can lead in circles. Start with [`read`].

mod document;
pub mod folder;
mod prose;

use std::collections::HashMap;

use document::{Document, Entry, Group, Part, label_of};
use prose::Parameters;

use crate::model::id::{ControlId, ObjectiveId};

/// No catalog is larger: that of SP 800-53 with all its assessment objectives is a third of it.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// No catalog holds more controls, those that were withdrawn included.
pub const MAX_CONTROLS: usize = 5_000;
/// Groups, controls and parts are nested no deeper; the JSON reader itself refuses what is far deeper.
const MAX_DEPTH: usize = 24;

/// Why a catalog was not read. Nothing of it is used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OscalError {
    #[error("the file has more than {MAX_BYTES} bytes; import a part of the catalog")]
    TooLarge,
    #[error("the file is XML; only OSCAL's JSON form is read, so take the .json file of the same catalog")]
    Xml,
    #[error("line {line}: this is not an OSCAL catalog in JSON: {message}")]
    NotReadable { line: usize, message: String },
    #[error("/catalog/metadata/oscal-version: OSCAL version `{0}` is not read; use a catalog of version 1.1 or 1.2")]
    Version(String),
    #[error("{pointer}: nested more than {MAX_DEPTH} levels deep")]
    TooDeep { pointer: String },
    #[error("{pointer}: there are more than {MAX_CONTROLS} controls; import a part of the catalog")]
    TooMany { pointer: String },
    #[error("{pointer}: the {kind} id `{id}` is a duplicate; the first is at {first}")]
    Duplicate { pointer: String, kind: &'static str, id: String, first: String },
    #[error("{pointer}: `{id}` cannot be the id of a {kind}: use letters, digits and .-_()[] only, 64 at most")]
    Id { pointer: String, kind: &'static str, id: String },
    #[error("{pointer}: the parameter `{id}` inserts itself, by way of {through}")]
    Circle { pointer: String, id: String, through: String },
    #[error("{pointer}: the text grows too long when its parameters are inserted")]
    TooLong { pointer: String },
    #[error("/catalog: the catalog has no controls")]
    Empty,
}

/// A catalog as it was published: texts are the publisher's, never ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialCatalog {
    pub title: String,
    pub version: String,
    pub oscal_version: String,
    /// In the catalog's own order; a group within a group follows it.
    pub families: Vec<OfficialFamily>,
}

/// The controls of one group. Controls that stand in no group are a family of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialFamily {
    pub title: String,
    pub controls: Vec<OfficialControl>,
}

/// One control or enhancement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialControl {
    /// The label people write, `AC-1`, or the OSCAL id where there is none.
    pub id: ControlId,
    /// OSCAL's own id, `ac-1`.
    pub oscal_id: String,
    pub title: String,
    /// The control that this one enhances.
    pub part_of: Option<ControlId>,
    pub withdrawn: bool,
    pub objectives: Vec<OfficialObjective>,
    /// Statement and guidance, parameters inserted.
    pub text: String,
}

/// A part that an assessment judges on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficialObjective {
    pub id: ObjectiveId,
    pub text: String,
}

/// Reads a catalog.
///
/// # Errors
/// The first thing that is wrong, with its line or JSON pointer.
pub fn read(bytes: &[u8]) -> Result<OfficialCatalog, OscalError> {
    if bytes.len() > MAX_BYTES {
        return Err(OscalError::TooLarge);
    }
    let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if start.trim_ascii_start().first() == Some(&b'<') {
        return Err(OscalError::Xml);
    }
    let document: Document = serde_json::from_slice(start)
        .map_err(|error| OscalError::NotReadable { line: error.line(), message: without_place(&error) })?;
    let catalog = document.catalog;
    let metadata = catalog.metadata;
    if !is_read(&metadata.oscal_version) {
        return Err(OscalError::Version(metadata.oscal_version.chars().take(40).collect()));
    }
    let mut parameters = Parameters::default();
    parameters.add_all(&catalog.params, "/catalog")?;
    parameters.add_groups(&catalog.groups, "/catalog", 0)?;
    parameters.add_controls(&catalog.controls, "/catalog", 0)?;
    let mut reader = Reader { parameters, names: HashMap::new(), count: 0, families: Vec::new() };
    reader.family(&metadata.title, &catalog.controls, "/catalog")?;
    reader.groups(&catalog.groups, "/catalog")?;
    if reader.count == 0 {
        return Err(OscalError::Empty);
    }
    Ok(OfficialCatalog {
        title: metadata.title,
        version: metadata.version,
        oscal_version: metadata.oscal_version,
        families: reader.families,
    })
}

fn is_read(version: &str) -> bool {
    version.starts_with("1.1.") || version.starts_with("1.2.") || matches!(version, "1.1" | "1.2")
}

/// What is wrong; the line is told by itself. The library's words where they are no programmer's.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let named = |kind: &str| text.strip_prefix(kind).and_then(|rest| rest.split('`').nth(1));
    let told = if let Some(key) = named("duplicate field ") {
        format!("`{key}` is there twice in one object; keep one")
    } else if let Some(key) = named("missing field ") {
        format!("`{key}` is missing")
    } else if text.starts_with("invalid length") {
        "a list stands here where an object is expected".to_owned()
    } else if let Some((found, _)) = text.split_once(", expected struct ") {
        format!("{found}, expected an object")
    } else if error.is_data() {
        text.to_owned()
    } else {
        format!("{text}; take the file again if it was cut")
    };
    told.chars().take(200).collect()
}

struct Reader {
    parameters: Parameters,
    /// Every control's and objective's id, with the pointer of its first use.
    names: HashMap<String, String>,
    count: usize,
    families: Vec<OfficialFamily>,
}

impl Reader {
    fn groups(&mut self, groups: &[Group], below: &str) -> Result<(), OscalError> {
        for (index, group) in groups.iter().enumerate() {
            let pointer = format!("{below}/groups/{index}");
            self.family(&group.title, &group.controls, &pointer)?;
            self.groups(&group.groups, &pointer)?;
        }
        Ok(())
    }

    fn family(&mut self, title: &str, controls: &[Entry], pointer: &str) -> Result<(), OscalError> {
        let mut read = Vec::new();
        self.controls(controls, None, pointer, &mut read)?;
        if !read.is_empty() {
            self.families.push(OfficialFamily { title: title.to_owned(), controls: read });
        }
        Ok(())
    }

    fn controls(
        &mut self,
        controls: &[Entry],
        part_of: Option<&ControlId>,
        below: &str,
        read: &mut Vec<OfficialControl>,
    ) -> Result<(), OscalError> {
        for (index, entry) in controls.iter().enumerate() {
            let pointer = format!("{below}/controls/{index}");
            self.count += 1;
            if self.count > MAX_CONTROLS {
                return Err(OscalError::TooMany { pointer });
            }
            let name = label_of(&entry.props).unwrap_or(&entry.id);
            let id: ControlId = match name.parse() {
                Ok(id) => id,
                Err(_) => parse(&entry.id, "control", &pointer)?,
            };
            self.take_name("control", id.as_str(), &pointer)?;
            if entry.id != id.as_str() {
                self.take_name("control", &entry.id, &pointer)?;
            }
            let mut text = String::new();
            let mut objectives = Vec::new();
            for (index, part) in entry.parts.iter().enumerate() {
                let pointer = format!("{pointer}/parts/{index}");
                match part.name.as_str() {
                    "assessment-objective" => self.objectives(part, 0, &pointer, &mut objectives)?,
                    "statement" | "guidance" | "overview" => self.write(part, 0, &pointer, &mut text)?,
                    _ => {}
                }
            }
            let enhances = Some(id.clone());
            read.push(OfficialControl {
                id,
                oscal_id: entry.id.clone(),
                title: entry.title.clone(),
                part_of: part_of.cloned(),
                withdrawn: entry.props.iter().any(|prop| prop.name == "status" && prop.value == "withdrawn"),
                objectives,
                text,
            });
            self.controls(&entry.controls, enhances.as_ref(), &pointer, read)?;
        }
        Ok(())
    }

    /// Only parts without parts are judged: what stands above them is their sum.
    fn objectives(
        &mut self,
        part: &Part,
        depth: usize,
        pointer: &str,
        read: &mut Vec<OfficialObjective>,
    ) -> Result<(), OscalError> {
        if depth >= MAX_DEPTH {
            return Err(OscalError::TooDeep { pointer: pointer.to_owned() });
        }
        let below: Vec<_> =
            part.parts.iter().enumerate().filter(|(_, part)| part.name == "assessment-objective").collect();
        for (index, part) in &below {
            self.objectives(part, depth + 1, &format!("{pointer}/parts/{index}"), read)?;
        }
        if below.is_empty() {
            let own = part.id.as_deref().unwrap_or_default();
            let label = label_of(&part.props).and_then(|label| label.parse::<ObjectiveId>().ok());
            // A control's only objective often bears the control's own label.
            let label = label.filter(|label| !self.names.contains_key(label.as_str()));
            let id = match label {
                Some(id) => id,
                None => parse(own, "objective", pointer)?,
            };
            self.take_name("objective", id.as_str(), pointer)?;
            let mut text = String::new();
            self.write(part, 0, pointer, &mut text)?;
            read.push(OfficialObjective { id, text });
        }
        Ok(())
    }

    fn write(&self, part: &Part, depth: usize, pointer: &str, text: &mut String) -> Result<(), OscalError> {
        if depth >= MAX_DEPTH {
            return Err(OscalError::TooDeep { pointer: pointer.to_owned() });
        }
        let prose = self.parameters.insert(&part.prose, pointer)?;
        let label = if part.name == "item" { label_of(&part.props).unwrap_or_default() } else { "" };
        if !prose.trim().is_empty() || !label.is_empty() {
            let line = format!("{label} {}", prose.trim());
            text.extend(["  ".repeat(depth).as_str(), line.trim(), "\n"]);
        }
        for (index, part) in part.parts.iter().enumerate() {
            self.write(part, depth + 1, &format!("{pointer}/parts/{index}"), text)?;
        }
        if text.len() > prose::MAX_TEXT_BYTES {
            return Err(OscalError::TooLong { pointer: pointer.to_owned() });
        }
        Ok(())
    }

    fn take_name(&mut self, kind: &'static str, id: &str, pointer: &str) -> Result<(), OscalError> {
        match self.names.insert(id.to_owned(), pointer.to_owned()) {
            Some(first) => Err(OscalError::Duplicate { pointer: pointer.to_owned(), kind, id: id.to_owned(), first }),
            None => Ok(()),
        }
    }
}

fn parse<T: std::str::FromStr>(id: &str, kind: &'static str, pointer: &str) -> Result<T, OscalError> {
    id.parse().map_err(|_| OscalError::Id { pointer: pointer.to_owned(), kind, id: id.chars().take(80).collect() })
}

#[cfg(test)]
mod tests;
