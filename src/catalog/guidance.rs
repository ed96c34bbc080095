//! What a control means for the people who have to live with it, in our own words. No sentence of a standard is copied.

use serde::{Deserialize, Serialize};

use crate::model::control::Rhythm;

/// Help with one control, for firms of 30 to 200 people who share the work with a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// What it asks, plainly.
    pub asks: String,
    /// Good evidence to read: documents, settings, records.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub examine: String,
    /// Whom to ask what.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub interview: String,
    /// What to try or watch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub test: String,
    /// What such firms usually lack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub typical_gaps: Vec<String>,
    /// What the provider usually does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// What internal IT usually does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub internal: String,
    /// How often it should be shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Rhythm>,
}

impl Guidance {
    /// The keys of an assessable control's guidance that say nothing.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let texts = [
            ("asks", &self.asks),
            ("examine", &self.examine),
            ("interview", &self.interview),
            ("test", &self.test),
            ("provider", &self.provider),
            ("internal", &self.internal),
        ];
        let mut missing: Vec<_> =
            texts.into_iter().filter(|(_, text)| text.trim().is_empty()).map(|(key, _)| key).collect();
        if self.typical_gaps.is_empty() || self.typical_gaps.iter().any(|gap| gap.trim().is_empty()) {
            missing.push("typical_gaps");
        }
        if self.shown.is_none() {
            missing.push("shown");
        }
        missing
    }
}
