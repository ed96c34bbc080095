//! The frameworks of an organization as the catalog has them: one answer everywhere to one that cannot be judged.
//!
//! An organization keeps a framework whose folder was taken out of the settings. Nothing can be said about it until the
//! folder is back, and that must be said. Start with [`framework_of`].

use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::id::FrameworkId;
use crate::model::organization::Organization;

/// Why a framework of an organization cannot be told about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameworkFault {
    #[error("{framework} is not among the frameworks of {organization}; countersign org list shows them")]
    NotInUse { framework: FrameworkId, organization: String },
    #[error(
        "{framework} is a framework of {organization}, but the catalog no longer has it: put its folder back under [catalog] in the settings"
    )]
    NotInCatalog { framework: FrameworkId, organization: String },
}

/// The catalog's framework, if the organization uses it.
///
/// # Errors
/// The organization does not use it, or it does and the catalog does not have it.
pub fn framework_of<'a>(
    catalog: &'a Catalog,
    organization: &Organization,
    framework: &FrameworkId,
) -> Result<&'a Framework, FrameworkFault> {
    let named = || (framework.clone(), organization.slug.to_string());
    if !organization.frameworks.contains(framework) {
        let (framework, organization) = named();
        return Err(FrameworkFault::NotInUse { framework, organization });
    }
    catalog.frameworks.get(framework).ok_or_else(|| {
        let (framework, organization) = named();
        FrameworkFault::NotInCatalog { framework, organization }
    })
}

/// One fault for each framework of an organization that the catalog does not have.
pub fn missing(catalog: &Catalog, organization: &Organization) -> Vec<FrameworkFault> {
    let all = organization.frameworks.iter();
    all.filter_map(|framework| framework_of(catalog, organization, framework).err()).collect()
}
