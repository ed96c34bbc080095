//! Microsoft Graph, app-only.
