//! A fault in words, for a log or a line of text.

/// A fault with all its causes, in one line. A cause that the words before it repeat already is not said again.
#[must_use]
pub fn causes(fault: &(dyn std::error::Error + 'static)) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(deeper) = cause {
        let said = deeper.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::causes;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Fault {
        said: &'static str,
        source: Option<Box<Fault>>,
    }

    #[test]
    fn every_cause_is_said_once() {
        let disk = Fault { said: "disk full", source: None };
        let write = Fault { said: "not written: disk full", source: Some(Box::new(disk)) };
        let run = Fault { said: "the run ended", source: Some(Box::new(write)) };
        assert_eq!(causes(&run), "the run ended: not written: disk full");
    }
}
