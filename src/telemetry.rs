//! What is logged and where: one sentence for people plus fields for machines, to stderr, never a secret.

use tracing_subscriber::EnvFilter;

/// Starts logging to stderr. `filter` is the value of `COUNTERSIGN_LOG`; without it only warnings are shown.
///
/// A filter that cannot be understood falls back to warnings, because a typing error must not stop a run.
pub fn start(filter: Option<&str>) {
    let filter = filter.and_then(|text| EnvFilter::try_new(text).ok()).unwrap_or_else(|| EnvFilter::new("warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        // Nobody reads on (`2>&1 | head`): to complain about that on the same stderr would bring the process down.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .compact()
        .finish();
    // A second start (in tests) keeps the first.
    tracing::subscriber::set_global_default(subscriber).ok();
}
