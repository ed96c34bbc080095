//! Reports as one HTML file each: the stylesheet inside, no script, no request to anywhere.

use super::ReportError;
use super::gaps::GapsReport;
use super::matrix::MatrixReport;
use super::readiness::ReadinessReport;
use crate::render::Engine;

/// The readiness report as a self-contained page.
///
/// # Errors
/// When a template from the override folder asks for a value the report does not have.
pub fn readiness(engine: &Engine, report: &ReadinessReport) -> Result<Vec<u8>, ReportError> {
    Ok(engine.html("reports/readiness.html", report)?.into_bytes())
}

/// The responsibility matrix as a self-contained page.
///
/// # Errors
/// When a template from the override folder asks for a value the report does not have.
pub fn matrix(engine: &Engine, report: &MatrixReport) -> Result<Vec<u8>, ReportError> {
    Ok(engine.html("reports/matrix.html", report)?.into_bytes())
}

/// The gap list of a party as a self-contained page.
///
/// # Errors
/// When a template from the override folder asks for a value the report does not have.
pub fn gap_list(engine: &Engine, report: &GapsReport) -> Result<Vec<u8>, ReportError> {
    Ok(engine.html("reports/gaps.html", report)?.into_bytes())
}
