//! The template engine and the parts that pages, reports and mails share.
//!
//! Templates and assets are compiled in; a folder can replace any of them by name. Every value printed by an `.html`
//! template is escaped. Nothing here knows what a report says: callers hand in serializable values. Start with
//! [`Engine::html`].

mod assets;
mod filters;

use std::path::{Path, PathBuf};

use serde::Serialize;
use tera::{Context, Tera};

pub use assets::Asset;

/// Why a page or report could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the override folder {folder} cannot be read; name a folder that holds `templates/` or `assets/`")]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("the file {file} in the override folder cannot be used: {why}")]
    Override { file: PathBuf, why: String },
    #[error(
        "the templates do not fit together; correct the template named below or remove it from the override folder"
    )]
    Templates(#[source] Box<tera::Error>),
    #[error("`{template}` could not be printed")]
    Print { template: String, source: Box<tera::Error> },
}

/// Prints templates. Built once and shared; printing takes `&self`.
#[derive(Debug)]
pub struct Engine {
    tera: Tera,
    assets: assets::Assets,
}

impl Engine {
    /// Reads all templates and assets. `overrides` may hold `templates/` and `assets/`; a file there replaces the one
    /// of the same name.
    ///
    /// # Errors
    /// When the folder cannot be read or a template has a fault; the template and line are in the cause.
    pub fn new(overrides: Option<&Path>) -> Result<Self, RenderError> {
        let assets = assets::Assets::load(overrides)?;
        let mut tera = Tera::default();
        tera.set_escape_fn(filters::escape);
        filters::register(&mut tera);
        tera.add_raw_templates(assets::templates(overrides)?)
            .map_err(|source| RenderError::Templates(Box::new(source)))?;
        tera.global_context().insert("css", assets.stylesheet());
        tera.global_context().insert("product_version", env!("CARGO_PKG_VERSION"));
        Ok(Self { tera, assets })
    }

    /// Prints `template` with the fields of `data` as its variables.
    ///
    /// # Errors
    /// When there is no such template, or it asks for a value that `data` does not have.
    pub fn html<T: Serialize + ?Sized>(&self, template: &str, data: &T) -> Result<String, RenderError> {
        let fault = |source| RenderError::Print { template: template.to_owned(), source: Box::new(source) };
        let context = Context::from_serialize(data).map_err(fault)?;
        self.tera.render(template, &context).map_err(fault)
    }

    /// A file to serve beside pages, by name: `countersign.css`.
    #[must_use]
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, RenderError};

    #[test]
    fn the_compiled_in_templates_fit_together_and_the_stylesheet_is_there() {
        let engine = Engine::new(None).unwrap();
        assert_eq!(engine.asset("countersign.css").unwrap().media_type, "text/css; charset=utf-8");
        assert!(engine.asset("../Cargo.toml").is_none());
    }

    #[test]
    fn a_template_in_the_override_folder_replaces_the_compiled_in_one_and_is_still_escaped() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("templates/pages")).unwrap();
        std::fs::write(folder.path().join("templates/pages/notice.html"), "ours: {{ title }}").unwrap();
        let engine = Engine::new(Some(folder.path())).unwrap();
        let data = serde_json::json!({"title": "<b>&\u{1}"});
        assert_eq!(engine.html("pages/notice.html", &data).unwrap(), "ours: &lt;b&gt;&amp;\u{FFFD}");
    }

    #[test]
    fn a_faulty_override_is_refused_with_its_name_and_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("templates")).unwrap();
        std::fs::write(folder.path().join("templates/broken.html"), "one\n{% if %}").unwrap();
        let fault = Engine::new(Some(folder.path())).unwrap_err();
        let RenderError::Templates(source) = fault else { panic!("{fault}") };
        assert!(source.to_string().contains("broken.html"), "{source}");
    }

    #[test]
    fn a_stylesheet_that_would_end_its_own_element_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("assets")).unwrap();
        std::fs::write(folder.path().join("assets/countersign.css"), "a{} </STYLE ><script>").unwrap();
        assert!(matches!(Engine::new(Some(folder.path())), Err(RenderError::Override { .. })));
    }

    #[test]
    fn an_override_folder_that_does_not_exist_is_named() {
        let fault = Engine::new(Some(std::path::Path::new("/nowhere/at/all"))).unwrap_err();
        assert!(fault.to_string().contains("/nowhere/at/all"));
    }

    #[test]
    fn a_missing_value_is_an_error_and_never_an_empty_page() {
        let engine = Engine::new(None).unwrap();
        assert!(engine.html("pages/notice.html", &serde_json::json!({})).is_err());
    }
}
