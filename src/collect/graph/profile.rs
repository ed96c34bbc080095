//! The Microsoft clouds: which hosts sign in, which host is Graph. One table; nothing else
//! knows a host of Microsoft's.

use crate::catalog::collector::Cloud;

/// The fixed hosts of one cloud. Tokens of one are worthless in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CloudProfile {
    pub cloud: Cloud,
    /// Hosts that give tokens; the first is used unless a connection names another of them.
    pub logins: &'static [&'static str],
    /// Root of Graph, which is also the scope of its tokens.
    pub graph: &'static str,
}

/// Commercial and GCC tenants are `global`; GCC High is the US Government's L4, `dod` its L5.
pub(super) const PROFILES: [CloudProfile; 4] = [
    CloudProfile {
        cloud: Cloud::Global,
        logins: &["https://login.microsoftonline.com/"],
        graph: "https://graph.microsoft.com/",
    },
    CloudProfile {
        cloud: Cloud::GccHigh,
        logins: &["https://login.microsoftonline.us/"],
        graph: "https://graph.microsoft.us/",
    },
    CloudProfile {
        cloud: Cloud::Dod,
        logins: &["https://login.microsoftonline.us/"],
        graph: "https://dod-graph.microsoft.us/",
    },
    CloudProfile {
        cloud: Cloud::China,
        // Microsoft names the first in newer texts; tenants that only know the older one still exist.
        logins: &["https://login.partner.microsoftonline.cn/", "https://login.chinacloudapi.cn/"],
        graph: "https://microsoftgraph.chinacloudapi.cn/",
    },
];

/// The hosts of a cloud; none for [`Cloud::Custom`], whose hosts the user names.
#[must_use]
pub(super) fn profile_of(cloud: Cloud) -> Option<&'static CloudProfile> {
    PROFILES.iter().find(|profile| profile.cloud == cloud)
}
