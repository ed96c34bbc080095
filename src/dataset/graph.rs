//! Parsers of Microsoft Graph bodies.
