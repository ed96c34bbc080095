//! Puts parameters into prose: `{{ insert: param, ID }}` becomes the parameter's value, choice or label in brackets.
//!
//! Never follows a circle and never lets a text grow without end. Start with [`Parameters::insert`].

use std::cell::Cell;
use std::collections::HashMap;

use super::document::{Entry, Group, Param};
use super::{MAX_DEPTH, OscalError};

/// No text of a control is longer.
pub(super) const MAX_TEXT_BYTES: usize = 256 * 1024;

/// So many insertions a catalog may ask for, and so many bytes may come of them: a few short parameters that insert each other
/// twice would else cost hours or all memory.
const MAX_INSERTIONS: usize = 1_000_000;
const MAX_ALL_BYTES: usize = 64 * 1024 * 1024;

/// Every parameter of a catalog, with the text that stands for it.
#[derive(Default)]
pub(super) struct Parameters {
    by_id: HashMap<String, (String, String)>,
    insertions: Cell<usize>,
    bytes: Cell<usize>,
}

impl Parameters {
    pub fn add_all(&mut self, params: &[Param], below: &str) -> Result<(), OscalError> {
        for (index, param) in params.iter().enumerate() {
            let pointer = format!("{below}/params/{index}");
            let text = stands_for(param);
            if let Some((first, _)) = self.by_id.insert(param.id.clone(), (pointer.clone(), text)) {
                return Err(OscalError::Duplicate { pointer, kind: "parameter", id: param.id.clone(), first });
            }
        }
        Ok(())
    }

    pub fn add_groups(&mut self, groups: &[Group], below: &str, depth: usize) -> Result<(), OscalError> {
        for (index, group) in groups.iter().enumerate() {
            let pointer = format!("{below}/groups/{index}");
            if depth >= MAX_DEPTH {
                return Err(OscalError::TooDeep { pointer });
            }
            self.add_all(&group.params, &pointer)?;
            self.add_controls(&group.controls, &pointer, depth + 1)?;
            self.add_groups(&group.groups, &pointer, depth + 1)?;
        }
        Ok(())
    }

    pub fn add_controls(&mut self, controls: &[Entry], below: &str, depth: usize) -> Result<(), OscalError> {
        for (index, entry) in controls.iter().enumerate() {
            let pointer = format!("{below}/controls/{index}");
            if depth >= MAX_DEPTH {
                return Err(OscalError::TooDeep { pointer });
            }
            self.add_all(&entry.params, &pointer)?;
            self.add_controls(&entry.controls, &pointer, depth + 1)?;
        }
        Ok(())
    }

    /// The prose with its parameters inserted. One that is not in the catalog is left as it was written.
    pub fn insert(&self, prose: &str, pointer: &str) -> Result<String, OscalError> {
        let mut text = String::new();
        self.insert_into(prose, pointer, &mut Vec::new(), &mut text)?;
        self.bytes.set(self.bytes.get() + text.len());
        if self.bytes.get() > MAX_ALL_BYTES {
            return Err(OscalError::TooLong { pointer: pointer.to_owned() });
        }
        Ok(text)
    }

    fn insert_into<'a>(
        &'a self,
        prose: &'a str,
        pointer: &str,
        open: &mut Vec<&'a str>,
        text: &mut String,
    ) -> Result<(), OscalError> {
        let mut rest = prose;
        while let Some((before, after)) = rest.split_once("{{") {
            text.push_str(before);
            let inserted = after.split_once("}}").and_then(|(inside, next)| {
                let id = inside.trim().strip_prefix("insert:")?.trim_start().strip_prefix("param,")?.trim();
                Some((id, next, self.by_id.get(id)?))
            });
            let Some((id, next, (_, value))) = inserted else {
                text.push_str("{{");
                rest = after;
                continue;
            };
            if open.contains(&id) || open.len() >= MAX_DEPTH {
                let through = open.join(", ");
                return Err(OscalError::Circle { pointer: pointer.to_owned(), id: id.to_owned(), through });
            }
            open.push(id);
            self.insert_into(value, pointer, open, text)?;
            open.pop();
            self.insertions.set(self.insertions.get() + 1);
            if text.len() > MAX_TEXT_BYTES || self.insertions.get() > MAX_INSERTIONS {
                return Err(OscalError::TooLong { pointer: pointer.to_owned() });
            }
            rest = next;
        }
        text.push_str(rest);
        Ok(())
    }
}

fn stands_for(param: &Param) -> String {
    if !param.values.is_empty() {
        return param.values.join(", ");
    }
    match (&param.select, &param.label) {
        (Some(select), _) if !select.choice.is_empty() => format!("[choose: {}]", select.choice.join("; ")),
        (_, Some(label)) => format!("[{label}]"),
        _ => format!("[{}]", param.id),
    }
}
