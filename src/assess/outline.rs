//! How a framework's controls hang together: who is part of whom, in one pass, and what lies outside the questionnaire
//! that was chosen.

use std::collections::HashMap;

use super::Situation;
use crate::catalog::framework::{Control, Framework};
use crate::model::id::ControlId;

/// The controls of a framework with their parts. Controls are named by their place in the framework's order.
pub(super) struct Outline<'a> {
    controls: &'a [Control],
    children: Vec<Vec<usize>>,
    /// Every control after all that are below it.
    upwards: Vec<usize>,
    /// Whether a control has a status.
    is_judged: Vec<bool>,
    /// Assessable controls that are not in the chosen questionnaire.
    is_outside: Vec<bool>,
}

/// What a control and everything below it is for those above it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing in it is ever judged.
    Nowhere,
    Outside,
    Inside,
}

impl<'a> Outline<'a> {
    pub fn of(situation: &Situation<'_>, framework: &'a Framework) -> Self {
        let controls = framework.controls.as_slice();
        let places: HashMap<&ControlId, usize> =
            controls.iter().enumerate().map(|(place, control)| (&control.id, place)).collect();
        let parents: Vec<Option<usize>> = controls
            .iter()
            .map(|control| control.parent.as_ref().and_then(|parent| places.get(parent)).copied())
            .collect();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); controls.len()];
        for (place, parent) in parents.iter().enumerate() {
            if let Some(siblings) = parent.and_then(|parent| children.get_mut(parent)) {
                siblings.push(place);
            }
        }
        let depth = |place: usize| {
            let above = std::iter::successors(Some(place), |next| parents.get(*next).copied().flatten());
            // A chain longer than the list of controls has met itself.
            above.take(controls.len()).count()
        };
        let mut upwards: Vec<usize> = (0..controls.len()).collect();
        upwards.sort_by_cached_key(|place| std::cmp::Reverse(depth(*place)));
        let is_judged = controls.iter().map(|control| control.assessable).collect();
        let is_outside = vec![false; controls.len()];
        let mut outline = Self { controls, children, upwards, is_judged, is_outside };
        outline.leave_out(situation, framework);
        outline
    }

    /// Takes out what the chosen questionnaire does not ask. A questionnaire that the framework does not know takes out
    /// nothing.
    fn leave_out(&mut self, situation: &Situation<'_>, framework: &Framework) {
        let chosen = situation.decisions.questionnaire(&framework.id, situation.now);
        let Some(questionnaire) = chosen.and_then(|id| framework.questionnaire(id)) else { return };
        let mut places = vec![Place::Nowhere; self.controls.len()];
        for at in &self.upwards {
            let Some(control) = self.controls.get(*at) else { continue };
            let below: Vec<Place> =
                self.children_of(*at).iter().filter_map(|child| places.get(*child)).copied().collect();
            let is_asked = control.assessable && !control.is_outside(questionnaire);
            let place = if below.contains(&Place::Inside) {
                Place::Inside
            } else if below.contains(&Place::Outside) || (control.assessable && !is_asked) {
                Place::Outside
            } else if control.assessable {
                Place::Inside
            } else {
                Place::Nowhere
            };
            if let Some(own) = places.get_mut(*at) {
                *own = place;
            }
            let is_outside = control.assessable && (!is_asked || place == Place::Outside);
            if let (true, Some(outside), Some(judged)) =
                (is_outside, self.is_outside.get_mut(*at), self.is_judged.get_mut(*at))
            {
                *outside = true;
                *judged = false;
            }
        }
    }

    fn children_of(&self, at: usize) -> &[usize] {
        self.children.get(at).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a control has a status.
    pub fn is_judged(&self, at: usize) -> bool {
        self.is_judged.get(at).copied().unwrap_or_default()
    }

    /// Assessable controls that are not in the chosen questionnaire, in the framework's order.
    pub fn outside(&self) -> impl Iterator<Item = &'a Control> {
        self.controls.iter().zip(&self.is_outside).filter(|(_, is_outside)| **is_outside).map(|(control, _)| control)
    }

    /// Controls with a status that have others below them, each after those.
    pub fn parents(&self) -> impl Iterator<Item = (usize, &'a Control)> {
        let parents = self.upwards.iter().filter(|at| self.is_judged(**at) && !self.children_of(**at).is_empty());
        parents.filter_map(|at| Some((*at, self.controls.get(*at)?)))
    }

    /// The nearest controls below one that have a status, in the framework's order; a row that only groups them, or that
    /// the questionnaire does not ask, is passed through.
    pub fn parts_of(&self, at: usize) -> Vec<usize> {
        let mut seen = vec![false; self.controls.len()];
        let mut parts = Vec::new();
        let mut open = self.children_of(at).to_vec();
        while let Some(next) = open.pop() {
            match seen.get_mut(next) {
                Some(known) if !*known && next != at => *known = true,
                _ => continue,
            }
            if self.is_judged(next) {
                parts.push(next);
            } else {
                open.extend_from_slice(self.children_of(next));
            }
        }
        parts.sort_unstable();
        parts
    }
}
