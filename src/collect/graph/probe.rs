//! A look at a tenant that collects nothing: does sign-in work, what was granted, which licences and cloud, what time it is.

use serde::Deserialize;
use serde_json::Value;

use super::http::{Answer, Ending};
use super::token::{Claims, claims_of};
use super::{GraphTarget, TokenFailure};
use crate::model::time::{Clock, Timestamp};

/// More than this is not read of any answer here.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What a look at a tenant has shown. Holds no token.
#[derive(Debug, Clone)]
pub struct Probe {
    pub sign_in: Result<Granted, TokenFailure>,
    /// What the services' clocks said.
    pub clocks: Vec<ClockSeen>,
    /// Service plans that the tenant has and that work, sorted; none when they could not be asked for.
    pub plans: Option<Vec<String>>,
    /// Where the sign-in service says the tenant lives; none when it did not say.
    pub region: Option<Region>,
}

/// The application permissions a token carries, sorted; none when the token cannot be read, which says nothing.
pub type Granted = Option<Vec<String>>;

/// A service's clock beside ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockSeen {
    pub host: String,
    pub theirs: Timestamp,
    /// Ours in the middle of the exchange.
    pub ours: Timestamp,
}

/// `tenant_region_scope` and `tenant_region_sub_scope` of the tenant's public sign-in document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Region {
    #[serde(default, rename = "tenant_region_scope")]
    pub scope: Option<String>,
    #[serde(default, rename = "tenant_region_sub_scope")]
    pub sub_scope: Option<String>,
}

impl GraphTarget {
    /// Asks three things: the tenant's public sign-in document, a token, and the tenant's licences.
    pub async fn probe(&self, clock: &dyn Clock) -> Probe {
        let document = self.connection.sign_in_document_url();
        let mut clocks = Vec::new();
        let (answer, seen) = self.look(&document, None, clock).await;
        clocks.extend(seen);
        let region = answer.filter(|answer| answer.status == 200);
        let region = region.and_then(|answer| serde_json::from_slice::<Region>(&answer.body).ok());
        let token = match self.tokens.current(self.token_request(clock)).await {
            Ok(token) => token,
            Err(failure) => return Probe { sign_in: Err(failure), clocks, plans: None, region },
        };
        let skus = super::connection::below(self.connection.graph_url(), "v1.0/subscribedSkus");
        let (answer, seen) = self.look(&skus, Some(&token.authorization), clock).await;
        clocks.extend(seen);
        let plans = answer.filter(|answer| answer.status == 200).and_then(|answer| plans_of(&answer.body));
        Probe { sign_in: Ok(granted(token.text())), clocks, plans, region }
    }

    /// One GET, tried once.
    async fn look(
        &self,
        url: &url::Url,
        authorization: Option<&reqwest::header::HeaderValue>,
        clock: &dyn Clock,
    ) -> (Option<Answer>, Option<ClockSeen>) {
        let mut request = self.clients.usual().get(url.clone());
        if let Some(authorization) = authorization {
            request = request.header(reqwest::header::AUTHORIZATION, authorization);
        }
        let before = clock.now();
        let Ok(response) = request.send().await else { return (None, None) };
        let ours = before.plus(clock.now().since(before) / 2);
        let answer = Answer::read(response, LARGEST).await;
        let host = url.host_str().unwrap_or_default().to_owned();
        let seen = answer.date().map(|theirs| ClockSeen { host, theirs, ours });
        (Some(answer).filter(|answer| answer.ending == Ending::Whole), seen)
    }
}

/// The `roles` of a token that is a readable JSON web token. One without `roles` was granted nothing.
fn granted(token: &str) -> Granted {
    let Claims { aud, mut roles } = claims_of(token)?;
    roles.sort();
    aud.is_string().then_some(roles)
}

/// Names of the service plans in subscriptions that are not disabled, which were provisioned.
fn plans_of(body: &[u8]) -> Option<Vec<String>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let works = |status: Option<String>| matches!(status.as_deref(), Some("Enabled" | "Warning"));
    let skus = body.get("value")?.as_array()?.iter().filter(|sku| works(text(sku, "capabilityStatus")));
    let plans = skus.filter_map(|sku| sku.get("servicePlans")?.as_array()).flatten();
    let plans = plans.filter(|plan| text(plan, "provisioningStatus").as_deref() != Some("Disabled"));
    let mut names: Vec<String> = plans.filter_map(|plan| text(plan, "servicePlanName")).collect();
    names.sort();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::{granted, plans_of};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn read(payload: &str) -> Option<Vec<String>> {
        granted(&format!("eyJ.{}.sig", URL_SAFE_NO_PAD.encode(payload)))
    }

    #[test]
    fn a_token_without_roles_was_granted_nothing_and_one_that_cannot_be_read_says_nothing() {
        assert_eq!(read(r#"{"aud": "https://graph.example", "roles": ["B", "A"]}"#).unwrap(), ["A", "B"]);
        assert_eq!(read(r#"{"aud": "https://graph.example"}"#), Some(Vec::new()));
        assert_eq!(read(r#"{"roles": ["A"]}"#), None);
        assert_eq!(granted("opaque"), None);
    }

    #[test]
    fn a_plan_that_is_disabled_or_of_a_subscription_that_has_ended_is_not_there() {
        let body = br#"{"value": [
            {"capabilityStatus": "Enabled", "servicePlans": [
                {"servicePlanName": "AAD_PREMIUM", "provisioningStatus": "Success"},
                {"servicePlanName": "INTUNE_A", "provisioningStatus": "Disabled"}]},
            {"capabilityStatus": "Suspended", "servicePlans": [
                {"servicePlanName": "AAD_PREMIUM_P2", "provisioningStatus": "Success"}]}]}"#;
        assert_eq!(plans_of(body).unwrap(), ["AAD_PREMIUM"]);
        assert_eq!(plans_of(b"{}"), None);
    }
}
