//! A clock that stands still until a story moves it.

use std::sync::Mutex;

use chrono::Duration;
use countersign::model::time::{Clock, Timestamp};

pub struct StoryClock(Mutex<Timestamp>);

impl StoryClock {
    pub fn at(text: &str) -> Self {
        Self(Mutex::new(text.parse().unwrap()))
    }

    pub fn set(&self, to: Timestamp) {
        *self.0.lock().unwrap() = to;
    }

    pub fn advance(&self, by: Duration) {
        let now = self.now();
        self.set(now.plus(by));
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
