//! A tenant of thousands.

use super::super::TenantOptions;
use super::super::firm::Firm;
use super::visit;

#[tokio::test]
async fn a_tenant_of_two_thousand_is_whole_in_a_few_pages_and_is_printed_once() {
    let visit = visit(Firm::scaled(2_000, 2_000).unwrap(), TenantOptions::unhindered()).await;
    let paths = [
        ("/v1.0/users?$select=id,userPrincipalName,accountEnabled,assignedLicenses&$top=999", [999, 999, 2].as_slice()),
        ("/v1.0/deviceManagement/managedDevices?$top=1000", &[1000, 1000]),
        ("/v1.0/reports/authenticationMethods/userRegistrationDetails", &[1000, 1000]),
        ("/v1.0/groups?$select=id&$top=999", &[100]),
    ];
    for (path, sizes) in paths {
        let before = std::time::Instant::now();
        let pages = visit.walk(path).await;
        let first = before.elapsed();
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{path}");
        let before = std::time::Instant::now();
        assert_eq!(visit.walk(path).await, pages, "{path}");
        eprintln!("{path}: {first:?}, again {:?}", before.elapsed());
    }
}
