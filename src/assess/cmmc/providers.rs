//! What CMMC asks of an external service provider, by what it handles: 32 CFR 170.16(c)(2) and (3), 170.17(c)(5) and (6).

use crate::model::provider::{Handled, ServiceProvider};

/// What it is to the assessment, in words with the paragraph.
#[must_use]
pub fn asks(provider: &ServiceProvider) -> &'static str {
    let handles = |what| provider.handles.contains(&what);
    match (handles(Handled::Cui), handles(Handled::SecurityData), provider.cloud) {
        (true, _, true) => {
            "a cloud with controlled information: FedRAMP Moderate or its equivalent, 32 CFR 170.16(c)(2), 170.17(c)(5)"
        }
        (true, _, false) => {
            "handles controlled information: its services are assessed with you against all requirements, 32 CFR \
             170.16(c)(3), 170.17(c)(6)"
        }
        (false, true, _) => {
            "handles security protection data only: assessed as a Security Protection Asset, 32 CFR 170.19(c)(2)"
        }
        (false, false, _) => "handles neither, so it is no external service provider to CMMC: 32 CFR 170.4(b)",
    }
}

#[cfg(test)]
mod tests {
    use super::asks;
    use crate::model::provider::{Handled, ServiceProvider};

    fn provider(handles: &[Handled], cloud: bool) -> ServiceProvider {
        let value = serde_json::json!({"leaf": 1, "id": "host", "name": "Host Example", "service": "Hosting",
            "managed_by": "provider", "cloud": cloud, "handles": handles, "by": {"name": "Kim"},
            "at": "2026-03-01T00:00:00Z"});
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_cloud_with_controlled_information_needs_an_authorization_and_an_msp_is_assessed_with_the_client() {
        assert!(asks(&provider(&[Handled::Cui, Handled::SecurityData], true)).contains("FedRAMP"));
        assert!(asks(&provider(&[Handled::Cui], false)).contains("assessed with you"));
        for cloud in [true, false] {
            assert!(asks(&provider(&[Handled::SecurityData], cloud)).contains("Security Protection Asset"));
            assert!(asks(&provider(&[Handled::PatientData], cloud)).contains("handles neither"));
        }
    }
}
