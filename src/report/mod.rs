//! What is shown to auditors: one set of plain values per report, printed by one file per format.
//!
//! Building is pure: everything a report says is handed in, and nothing here reads a clock, a database or a file.
//! Printing only prints: no figure is computed in a template. Start with [`readiness`](readiness::readiness) (where a
//! framework stands) and [`matrix`](matrix::matrix) (who owns what), then [`html`] and [`csv`].

pub mod coverage;
pub mod csv;
pub mod data;
pub mod facts;
pub mod gap_detail;
pub mod gaps;
pub mod gaps_csv;
pub mod html;
pub mod matrix;
pub mod readiness;
pub mod sight;
pub mod tally;
pub mod unseen;
pub mod work;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

/// Why a report could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the report could not be printed as HTML")]
    Html(#[from] crate::render::RenderError),
    #[error("the report could not be printed as CSV")]
    Csv(#[source] Box<dyn std::error::Error + Send + Sync>),
}
