//! Turns a firm file into rows: defaults applied, generated rows counted out, ids made, short forms resolved, every property
//! name checked. Deterministic: it knows nothing but the file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use serde_saphyr::Spanned;

use super::complete::complete;
use super::file::{FirmFile, Generate, Names, TableFile};
use super::reference::{ROLES, guid, resolve};
use super::{Directory, Edit, Firm, FirmError, visit};
use crate::demo::tenant::table::{Row, Table};

/// Tables in an order in which every short form points backwards; directory roles follow from the rest.
pub(super) const ORDER: [Table; 28] = [
    Table::SubscribedSkus,
    Table::Organization,
    Table::Domains,
    Table::Users,
    Table::Groups,
    Table::GroupSettings,
    Table::Applications,
    Table::ServicePrincipals,
    Table::AppRoleAssignments,
    Table::NamedLocations,
    Table::RoleDefinitions,
    Table::RoleAssignments,
    Table::RoleAssignmentScheduleInstances,
    Table::RoleEligibilityScheduleInstances,
    Table::AuthenticationStrengthPolicies,
    Table::ConditionalAccessPolicies,
    Table::SecurityDefaults,
    Table::AuthorizationPolicy,
    Table::AuthenticationMethodsPolicy,
    Table::AdminConsentRequestPolicy,
    Table::DeviceRegistrationPolicy,
    Table::CrossTenantAccessDefault,
    Table::UserRegistrationDetails,
    Table::ManagedDevices,
    Table::DeviceCompliancePolicies,
    Table::DeviceManagement,
    Table::RiskyUsers,
    Table::SharepointSettings,
];

pub(super) struct Expander {
    pub slug: String,
    pub tenant_id: String,
    domain: String,
    names: Names,
    /// How many people, owned devices and places in groups were given so far.
    people: usize,
    devices: usize,
    places: usize,
    /// Where each sign-in name is in the table of users.
    people_by_name: BTreeMap<String, usize>,
    pub directory: Directory,
}

pub(super) fn firm(mut file: FirmFile) -> Result<Firm, FirmError> {
    let mut expander = Expander {
        slug: file.slug.clone(),
        tenant_id: file.tenant.id.clone(),
        domain: file.tenant.domain.clone(),
        names: std::mem::take(&mut file.names),
        people: 0,
        devices: 0,
        places: 0,
        people_by_name: BTreeMap::new(),
        directory: Directory::default(),
    };
    for table in ORDER {
        let content = file.tables.remove(&table).unwrap_or_default();
        let rows = expander.table(table, content)?;
        expander.directory.put(table, rows);
        match table {
            Table::Users => expander.remember_people(),
            Table::RoleAssignmentScheduleInstances => expander.standing_assignments(),
            _ => {}
        }
    }
    expander.directory_roles();
    let second_run = expander.second_run(file.second_run)?;
    Ok(Firm {
        slug: file.slug,
        client: file.client,
        provider: file.provider,
        engagement: file.engagement,
        internal_people: file.internal_people,
        provider_people: file.provider_people,
        break_glass: file.break_glass,
        tenant: file.tenant,
        directory: expander.directory,
        second_run,
    })
}

impl Expander {
    fn table(&mut self, table: Table, content: TableFile) -> Result<Vec<Row>, FirmError> {
        let mut drafts = Vec::new();
        for Spanned { value, referenced, .. } in content.rows {
            drafts.push((referenced.line(), value));
        }
        for Spanned { value, referenced, .. } in content.generate {
            let line = referenced.line();
            let known: BTreeSet<String> = drafts.iter().filter_map(|(_, row)| sign_in_name(row)).collect();
            drafts.extend(self.generate(&value, &known, line)?.into_iter().map(|row| (line, row)));
        }
        let groups: BTreeSet<String> = match table {
            Table::Groups => drafts.iter().filter_map(|(_, row)| key_of(table, row)).collect(),
            _ => BTreeSet::new(),
        };
        let mut keys = BTreeSet::new();
        let mut rows = Vec::with_capacity(drafts.len());
        for (number, (line, draft)) in drafts.into_iter().enumerate() {
            let mut row = content.defaults.clone();
            row.extend(draft);
            let row = self.finish(table, row, number, line)?;
            for within in row.get("nested").and_then(Value::as_array).into_iter().flatten() {
                let name = within.as_str().unwrap_or_default();
                if !groups.contains(name) {
                    let hint = "no group has that displayName";
                    return Err(FirmError::BadReference { line, reference: name.to_owned(), hint });
                }
            }
            if let Some(key) = key_of(table, &row)
                && !table.repeats_keys()
                && !keys.insert(key.clone())
            {
                return Err(FirmError::Duplicate { line, table: table.name(), property: table.key(), key });
            }
            rows.push(row);
        }
        Ok(rows)
    }

    fn generate(&mut self, block: &Generate, known: &BTreeSet<String>, line: u64) -> Result<Vec<Row>, FirmError> {
        if block.every_user {
            return Ok(self.for_every_user(block, known));
        }
        let owners = if block.owned { self.owners() } else { Vec::new() };
        if block.owned && owners.is_empty() {
            let fault = "`owned` needs at least one enabled member with a licence".to_owned();
            return Err(FirmError::Generate { line, fault });
        }
        let mut rows = Vec::new();
        for turn in 0..block.count {
            let mut row = Row::new();
            if block.named {
                self.name(&mut row, line)?;
            }
            for (property, value) in &block.properties {
                row.insert(property.clone(), numbered(take_turns(value, turn), turn + 1));
            }
            if block.owned
                && let Some(owner) = owners.get(self.devices % owners.len())
            {
                row.insert("userPrincipalName".to_owned(), json!(owner));
                self.devices += 1;
            }
            if block.people > 0 {
                row.insert("members".to_owned(), self.next_people(block.people));
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// One row for each enabled user who has none yet.
    fn for_every_user(&self, block: &Generate, known: &BTreeSet<String>) -> Vec<Row> {
        let users = self.directory.rows(Table::Users).iter();
        let enabled = users.filter(|row| row.get("accountEnabled") == Some(&json!(true))).filter_map(sign_in_name);
        let without = enabled.filter(|upn| !known.contains(upn)).enumerate();
        let row = |(turn, upn): (usize, String)| {
            let properties = block
                .properties
                .iter()
                .map(|(name, value)| (name.clone(), numbered(take_turns(value, turn), turn + 1)));
            properties.chain([("userPrincipalName".to_owned(), json!(upn))]).collect()
        };
        without.map(row).collect()
    }

    /// The next so many users in the order of the file, beginning again at the end.
    fn next_people(&mut self, count: usize) -> Value {
        let users = self.directory.rows(Table::Users);
        let places = (self.places..self.places + count).map(|place| place.checked_rem(users.len()).unwrap_or(0));
        let people: Vec<String> = places.filter_map(|place| users.get(place).and_then(sign_in_name)).collect();
        self.places += count;
        json!(people)
    }

    fn remember_people(&mut self) {
        let users = self.directory.rows(Table::Users).iter().enumerate();
        self.people_by_name = users.filter_map(|(place, row)| Some((sign_in_name(row)?, place))).collect();
    }

    /// Every standing role assignment is an instance too; the file adds those that were activated for a time.
    fn standing_assignments(&mut self) {
        let mut rows = self.directory.rows(Table::RoleAssignmentScheduleInstances).to_vec();
        for assignment in self.directory.rows(Table::RoleAssignments) {
            let is_same = |row: &Row| {
                ["principalId", "roleDefinitionId"].iter().all(|name| row.get(*name) == assignment.get(*name))
            };
            if rows.iter().any(is_same) {
                continue;
            }
            let take = |name: &str| assignment.get(name).cloned().unwrap_or(Value::Null);
            rows.push(Row::from_iter(
                [
                    ("id", take("id")),
                    ("principalId", take("principalId")),
                    ("roleDefinitionId", take("roleDefinitionId")),
                    ("roleAssignmentOriginId", take("id")),
                    ("roleAssignmentScheduleId", take("id")),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            ));
        }
        self.directory.put(Table::RoleAssignmentScheduleInstances, rows);
    }

    /// Gives the next pair of names; no pair comes twice, and neighbours differ in both.
    fn name(&mut self, row: &mut Row, line: u64) -> Result<(), FirmError> {
        let (given, family) = (&self.names.given, &self.names.family);
        let round = self.people.checked_div(given.len()).unwrap_or(0);
        let turn = self.people.checked_rem(given.len()).unwrap_or(0);
        let other = (turn * 7 + round).checked_rem(family.len()).unwrap_or(0);
        let pair = given.get(turn).zip(family.get(other)).filter(|_| round < family.len());
        let Some((given, family)) = pair else {
            let fault = format!("{} people need more given or family names under `names:`", self.people + 1);
            return Err(FirmError::Generate { line, fault });
        };
        self.people += 1;
        row.insert("givenName".to_owned(), json!(given));
        row.insert("surname".to_owned(), json!(family));
        row.insert("displayName".to_owned(), json!(format!("{given} {family}")));
        let upn = format!("{}.{}@{}", given.to_lowercase(), family.to_lowercase(), self.domain);
        row.insert("userPrincipalName".to_owned(), json!(upn));
        Ok(())
    }

    /// Sign-in names of enabled members with a licence, in the order of the file.
    fn owners(&self) -> Vec<String> {
        let is = |row: &Row, property: &str, value: Value| row.get(property) == Some(&value);
        self.directory
            .rows(Table::Users)
            .iter()
            .filter(|row| is(row, "accountEnabled", json!(true)) && is(row, "userType", json!("Member")))
            .filter(|row| row.get("assignedLicenses").and_then(Value::as_array).is_some_and(|all| !all.is_empty()))
            .filter_map(|row| row.get("userPrincipalName").and_then(Value::as_str).map(str::to_owned))
            .collect()
    }

    /// Checks a row's property names, resolves its short forms and fills in what follows from the rest.
    fn finish(&self, table: Table, mut row: Row, number: usize, line: u64) -> Result<Row, FirmError> {
        check_names(table, row.keys(), line)?;
        let mut fault = None;
        for value in row.values_mut() {
            visit(value, &mut |text: &mut String| {
                *text = text.replace("{domain}", &self.domain);
                match resolve(text, &self.slug, &self.directory, line) {
                    Ok(Some(id)) => *text = id,
                    Ok(None) => {}
                    Err(error) => fault = Some(error),
                }
            });
        }
        if let Some(error) = fault {
            return Err(error);
        }
        complete(self, table, &mut row, line)?;
        if !row.contains_key("id") && table.has_id() {
            let key = row.get(table.key()).and_then(Value::as_str).map_or_else(|| number.to_string(), str::to_owned);
            let part = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
            let (role, app_role) = (part("roleDefinitionId"), part("appRoleId"));
            let label = format!("{}/{}/{key}{role}{app_role}", self.slug, table.name());
            row.insert("id".to_owned(), json!(guid(&label)));
        }
        Ok(row)
    }

    pub(super) fn user(&self, upn: &str, line: u64) -> Result<&Row, FirmError> {
        let place = self.people_by_name.get(upn).and_then(|place| self.directory.rows(Table::Users).get(*place));
        place.ok_or_else(|| FirmError::BadReference {
            line,
            reference: upn.to_owned(),
            hint: "no user has that userPrincipalName",
        })
    }

    /// Only roles that somebody holds are activated, so the list follows from the assignments.
    fn directory_roles(&mut self) {
        let assignments = self.directory.rows(Table::RoleAssignments);
        let held =
            |id: &str| assignments.iter().any(|row| row.get("roleDefinitionId").and_then(Value::as_str) == Some(id));
        let rows = ROLES.iter().filter(|(_, id)| held(id)).map(|(name, template)| {
            Row::from_iter([
                ("id".to_owned(), json!(guid(&format!("{}/directory_roles/{name}", self.slug)))),
                ("displayName".to_owned(), json!(name)),
                ("roleTemplateId".to_owned(), json!(template)),
            ])
        });
        let rows = rows.collect();
        self.directory.put(Table::DirectoryRoles, rows);
    }

    /// Resolves the second run's changes and tries them, so that none misses.
    fn second_run(&self, edits: Vec<Spanned<Edit>>) -> Result<Vec<Edit>, FirmError> {
        let mut trial = self.directory.clone();
        let mut done = Vec::with_capacity(edits.len());
        for Spanned { value: mut edit, referenced, .. } in edits {
            let line = referenced.line();
            let first_names = edit.set.keys().map(|path| match path.split_once('.') {
                Some((first, _)) if !path.starts_with('@') => first,
                _ => path.as_str(),
            });
            check_names(edit.table, first_names.map(str::to_owned).collect::<Vec<_>>().iter(), line)?;
            check_names(edit.table, edit.matching.keys(), line)?;
            if let Some(row) = edit.add.take() {
                let number = trial.rows(edit.table).len();
                edit.add = Some(self.finish(edit.table, row, number, line)?);
            }
            for value in edit.set.values_mut().chain(edit.matching.values_mut()) {
                let mut fault = None;
                visit(value, &mut |text| match resolve(text, &self.slug, &self.directory, line) {
                    Ok(Some(id)) => *text = id,
                    Ok(None) => {}
                    Err(error) => fault = Some(error),
                });
                if let Some(error) = fault {
                    return Err(error);
                }
            }
            let before = trial.clone();
            let touched = trial.apply(&edit);
            let fault = match touched {
                0 => Some("matches no row"),
                _ if trial == before => Some("changes nothing: the value is already so"),
                _ => None,
            };
            if let Some(fault) = fault {
                return Err(FirmError::UselessEdit { line, why: edit.why, fault });
            }
            done.push(edit);
        }
        Ok(done)
    }
}

fn check_names<'name>(table: Table, names: impl Iterator<Item = &'name String>, line: u64) -> Result<(), FirmError> {
    let known: BTreeSet<&str> = table.properties().into_iter().map(|property| property.name).collect();
    for name in names {
        if !known.contains(name.as_str()) {
            return Err(FirmError::UnknownProperty { line, table: table.name(), property: name.clone() });
        }
    }
    Ok(())
}

fn sign_in_name(row: &Row) -> Option<String> {
    row.get("userPrincipalName").and_then(Value::as_str).map(str::to_owned)
}

fn key_of(table: Table, row: &Row) -> Option<String> {
    row.get(table.key()).and_then(Value::as_str).map(str::to_owned)
}

fn take_turns(value: &Value, turn: usize) -> Value {
    let choices = value.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.get("cycle"));
    match choices.and_then(Value::as_array) {
        Some(choices) if !choices.is_empty() => choices.get(turn % choices.len()).cloned().unwrap_or(Value::Null),
        _ => value.clone(),
    }
}

fn numbered(mut value: Value, number: usize) -> Value {
    visit(&mut value, &mut |text| *text = text.replace("{n}", &format!("{number:03}")));
    value
}
