//! Asking about many objects, several in one batch: matched by id, refused items asked again, further pages followed.
//!
//! The batch is the client's only request with a method other than GET besides the one for a token, and it holds nothing
//! but reads ([`super::request`]). An item is taken as an answer of its own would be.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::batch_answer::{self, ItemAnswer};
use super::fetch::claims_in;
use super::limits::Patience;
use super::request::{Address, Item, Question};
use super::setback::{Remedy, Setback};
use super::walk::{Walk, json_only};
use crate::catalog::graph_errors::ErrorClass;

/// More requests than this the service does not take in one batch.
const LARGEST_BATCH: usize = 20;

/// A read that is still to be answered.
struct Open {
    item: Item,
    id: String,
    /// Counted from 1.
    page: u32,
    patience: Patience,
    not_before: Option<Instant>,
    was_renewed: bool,
}

/// The token was refused; with the claims that the next one has to carry, if any.
struct Challenge(Option<String>);

/// What is left to do about an object's items.
struct Round<'a> {
    address: Address<'a>,
    open: VecDeque<Open>,
    /// Reads that were asked, so that pages which lead back to each other end.
    asked: HashSet<String>,
    /// What keeps the dataset from being whole, though reading goes on.
    setback: Option<Setback>,
}

impl Walk<'_> {
    /// Asks about every object.
    pub(super) async fn ask_each(&mut self, address: Address<'_>, ids: BTreeSet<String>) -> Result<(), Setback> {
        self.seen.objects = ids.len();
        let most = self.inquiry.target.limits().max_ids;
        let mut round = Round { address, open: VecDeque::new(), asked: HashSet::new(), setback: None };
        if ids.len() > most {
            let reason = format!("the list names {} objects, and no more than {most} are asked about", ids.len());
            round.setback = Some(Setback::failed(reason));
        }
        for id in ids.into_iter().take(most) {
            if let Some(item) = Item::about(address, &id) {
                round.open.push_back(self.opened(item, id, 1));
            } else {
                let shown: String = id.chars().filter(|letter| !letter.is_control()).take(60).collect();
                let reason = format!("the list names an object that cannot be asked about (`{shown}`)");
                round.setback.get_or_insert(Setback::failed(reason));
            }
        }
        while !round.open.is_empty() {
            let batch = self.ready(&mut round).await;
            self.ask(&mut round, batch).await?;
        }
        round.setback.map_or(Ok(()), Err)
    }

    fn opened(&self, item: Item, id: String, page: u32) -> Open {
        let patience = Patience::new(self.inquiry.target.limits());
        Open { item, id, page, patience, not_before: None, was_renewed: false }
    }

    /// The next reads that need not wait any longer; at least one.
    async fn ready(&self, round: &mut Round<'_>) -> Vec<Open> {
        let units = super::gates::cost(round.address.path, &round.address.query_text());
        let most = self.inquiry.target.gates.most_at_once(round.address.path, units).min(LARGEST_BATCH);
        loop {
            let now = Instant::now();
            let mut batch = Vec::new();
            let mut rest = VecDeque::with_capacity(round.open.len());
            for open in round.open.drain(..) {
                if batch.len() < most && open.not_before.is_none_or(|time| time <= now) {
                    batch.push(open);
                } else {
                    rest.push_back(open);
                }
            }
            round.open = rest;
            let earliest = round.open.iter().filter_map(|open| open.not_before).min();
            match earliest {
                Some(time) if batch.is_empty() => tokio::time::sleep_until(time).await,
                _ => return batch,
            }
        }
    }

    /// Sends one batch and takes its answers.
    async fn ask(&mut self, round: &mut Round<'_>, batch: Vec<Open>) -> Result<(), Setback> {
        self.room_for_a_page()?;
        let items: Vec<Item> = batch.iter().map(|open| open.item.clone()).collect();
        round.asked.extend(items.iter().map(|item| item.url.clone()));
        let question = Question::batch(self.inquiry.target.connection(), round.address, &items);
        let token = self.inquiry.token().await?;
        let answer = json_only(self.inquiry.fetch(&question, self.room(), false).await?)?;
        let read = match batch_answer::read(&answer.body) {
            Ok(read) => read,
            Err(reason) => return Err(Setback::failed(reason).keeping(answer)),
        };
        let name = format!("batch-{:04}.json", self.seen.batches + 1);
        self.kept.withhold(&self.inquiry.sent)?;
        self.kept.add(name, "application/json", answer.body).await?;
        self.seen.batches += 1;
        let mut answers = by_name(read, &items)?;
        let mut challenge = None;
        for open in batch {
            let answer = answers.remove(&open.item.name);
            challenge = self.settle(round, open, answer)?.or(challenge);
        }
        match challenge {
            Some(Challenge(claims)) => self.inquiry.renew(&token, claims.as_deref()).await,
            None => Ok(()),
        }
    }

    /// Takes one item's answer; what it says about the token, if that was refused.
    fn settle(
        &mut self,
        round: &mut Round<'_>,
        open: Open,
        answer: Option<ItemAnswer>,
    ) -> Result<Option<Challenge>, Setback> {
        let Some(answer) = answer else {
            let setback = Setback::failed("a batch was answered without an answer to one of its reads");
            self.again(round, open, setback, None, None);
            return Ok(None);
        };
        self.inquiry.journal.item_answered(answer.status, answer.header("request-id"));
        if answer.status == 200 {
            return self.good(round, open, &answer).map(|()| None);
        }
        let refusal = self.inquiry.judge(false).refusal(answer.status, &answer.error_body());
        // That a thing is gone is an answer, unless some of it was read already.
        if answer.status == 404 && refusal.class == ErrorClass::NotConfigured && open.page == 1 {
            self.seen.objects_read += 1;
            return Ok(None);
        }
        match refusal.remedy {
            Remedy::RenewToken if !open.was_renewed => {
                round.open.push_front(Open { was_renewed: true, ..open });
                return Ok(Some(Challenge(answer.header("www-authenticate").and_then(claims_in))));
            }
            Remedy::RenewToken => {
                if refusal.is_about_the_token {
                    self.inquiry.target.stop(&refusal.setback);
                }
                return Err(refusal.setback);
            }
            Remedy::Again(tries) => {
                let asked =
                    answer.header("retry-after").and_then(|text| super::http::pause_in(text, self.inquiry.clock.now()));
                if let Some(pause) = asked {
                    // The service asks everybody who wants such things.
                    let scope = answer.header("x-ms-throttle-scope");
                    self.inquiry.target.gates.hold(round.address.path, pause, scope);
                }
                self.again(round, open, refusal.setback, asked, Some(tries));
            }
            // An item that the service lays to the charge of another one.
            Remedy::Stop if answer.status == 424 => self.again(round, open, refusal.setback, None, None),
            Remedy::Stop => match refusal.class {
                // What is refused to the application is refused for every object.
                ErrorClass::NoConsent
                | ErrorClass::NoLicence
                | ErrorClass::BlockedByPolicy
                | ErrorClass::TokenRefused => {
                    return Err(refusal.setback);
                }
                _ => {
                    round.setback.get_or_insert(Setback { restart: false, ..refusal.setback });
                }
            },
        }
        Ok(None)
    }

    fn good(&mut self, round: &mut Round<'_>, open: Open, answer: &ItemAnswer) -> Result<(), Setback> {
        let Some((rows, envelope)) = answer.body.0.as_ref().and_then(|body| Some((body.rows()?, body))) else {
            return Err(Setback::failed("an answer inside a batch is not an object of the expected form"));
        };
        self.seen.rows += rows;
        self.seen.holds_cut_lists |= envelope.holds_cut_lists;
        let Some(link) = &envelope.next_link else {
            self.seen.objects_read += 1;
            return Ok(());
        };
        let url = self.pinned(link)?;
        let relative = self.inquiry.target.connection().relative(&url, round.address.version).ok_or_else(|| {
            Setback::failed("the link to the next page of an object leaves the API version, so it was not followed")
        })?;
        if round.asked.contains(&relative) {
            return Err(Setback::failed("the link to the next page leads back to a page that was read already"));
        }
        let page = open.page + 1;
        let item = Item { name: format!("{}/{page}", open.id), url: relative };
        round.open.push_back(self.opened(item, open.id, page));
        Ok(())
    }

    /// Puts a read back to be asked again, or gives it up.
    fn again(
        &mut self,
        round: &mut Round<'_>,
        mut open: Open,
        setback: Setback,
        asked: Option<Duration>,
        tries: Option<u32>,
    ) {
        let tries = tries.unwrap_or(self.inquiry.target.limits().max_tries);
        match open.patience.next_pause(tries, asked) {
            Some(pause) => {
                open.not_before = Instant::now().checked_add(pause);
                self.inquiry.trouble = Some(setback);
                round.open.push_back(open);
            }
            None => {
                round.setback.get_or_insert(setback);
            }
        }
    }
}

/// The answers by the item they answer; each was asked for, and once.
fn by_name(read: Vec<ItemAnswer>, items: &[Item]) -> Result<BTreeMap<String, ItemAnswer>, Setback> {
    let mut answers = BTreeMap::new();
    for answer in read {
        let was_asked = items.iter().any(|item| item.name == answer.id);
        if !was_asked || answers.insert(answer.id.clone(), answer).is_some() {
            return Err(Setback::failed("a batch was answered with an answer to something that was not asked"));
        }
    }
    Ok(answers)
}
