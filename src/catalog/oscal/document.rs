//! The part of an OSCAL catalog that is read; unknown members are skipped, links and back matter among them.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Document {
    pub catalog: Root,
}

#[derive(Deserialize)]
pub(super) struct Root {
    pub metadata: Metadata,
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub controls: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub title: String,
    pub version: String,
    #[serde(rename = "oscal-version")]
    pub oscal_version: String,
}

#[derive(Deserialize)]
pub(super) struct Group {
    pub title: String,
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub controls: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct Entry {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    pub props: Vec<Prop>,
    #[serde(default)]
    pub parts: Vec<Part>,
    #[serde(default)]
    pub controls: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct Param {
    pub id: String,
    #[serde(default)]
    pub label: Option<String>,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub select: Option<Select>,
}

#[derive(Deserialize)]
pub(super) struct Select {
    #[serde(default)]
    pub choice: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Prop {
    pub name: String,
    pub value: String,
    #[serde(default)]
    pub class: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    pub id: Option<String>,
    pub name: String,
    #[serde(default)]
    pub props: Vec<Prop>,
    #[serde(default)]
    pub prose: String,
    #[serde(default)]
    pub parts: Vec<Part>,
}

/// The label people write: one without a class before any other.
pub(super) fn label_of(props: &[Prop]) -> Option<&str> {
    let mut labels = props.iter().filter(|prop| prop.name == "label");
    let plain = labels.clone().find(|prop| prop.class.is_none());
    plain.or_else(|| labels.next()).map(|prop| prop.value.as_str())
}
