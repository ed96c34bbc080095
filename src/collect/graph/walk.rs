//! Reading one dataset: page after page until it is whole or something stops it.
//!
//! What was read before a stop stays in the [`Walk`], so that a time limit from outside loses nothing.

use std::collections::{BTreeSet, HashSet};

use url::Url;

use super::fetch::Inquiry;
use super::http::Answer;
use super::kept::Kept;
use super::page;
use super::request::{Address, Question};
use super::setback::Setback;
use crate::catalog::collector::GraphRequest;

/// One dataset being read.
pub(super) struct Walk<'a> {
    pub(super) inquiry: Inquiry<'a>,
    pub(super) request: &'a GraphRequest,
    pub(super) kept: Kept<'a>,
    pub(super) seen: Seen,
}

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Pages whose rows are the dataset's.
    pub(super) pages: usize,
    pub(super) rows: usize,
    /// Pages of the list that says which objects are asked about.
    pub(super) lists: usize,
    /// Batches of questions about objects.
    pub(super) batches: usize,
    /// Objects that are asked about, once the list was read.
    pub(super) objects: usize,
    /// Of those that were read whole, or are known to be gone.
    pub(super) objects_read: usize,
    pub(super) holds_cut_lists: bool,
}

/// The page before, as far as a repetition can be told by it.
struct Before {
    rows: usize,
    link: String,
    length: usize,
}

impl Walk<'_> {
    /// Reads everything that `first` leads to. When the service lost its place the dataset is read anew, once.
    pub(super) async fn run(&mut self, first: &Question) -> Result<(), Setback> {
        match self.read_through(first).await {
            Err(setback) if setback.restart => {
                self.kept.forget();
                self.seen = Seen::default();
                self.inquiry.journal.restarted();
                self.inquiry.trouble = Some(setback);
                self.read_through(first).await
            }
            other => other,
        }
    }

    async fn read_through(&mut self, first: &Question) -> Result<(), Setback> {
        let Some(each) = &self.request.each else { return self.pages(first, None).await };
        let mut ids = BTreeSet::new();
        self.pages(first, Some((&each.ids, &mut ids))).await?;
        self.ask_each(Address::item(self.request), ids).await
    }

    /// Reads pages from `first` on until none is left; of a list that names objects, their ids.
    async fn pages(
        &mut self,
        first: &Question,
        mut names: Option<(&[String], &mut BTreeSet<String>)>,
    ) -> Result<(), Setback> {
        let mut visited = HashSet::new();
        let mut before = None;
        let mut next = Some(first.clone());
        let is_one_object = names.is_none() && !self.request.paged;
        while let Some(question) = next {
            self.room_for_a_page()?;
            let answer = self.inquiry.fetch(&question, self.room(), is_one_object).await?;
            visited.insert(question.url().clone());
            let page = self.take(answer, names.as_mut(), &mut before).await?;
            next = match page {
                Some(link) => Some(question.page(self.checked(&link, &visited)?)),
                None => None,
            };
        }
        Ok(())
    }

    /// Refuses to read on when there were too many pages.
    pub(super) fn room_for_a_page(&self) -> Result<(), Setback> {
        let most = self.inquiry.target.limits().max_pages;
        if self.seen.pages + self.seen.lists + self.seen.batches < most {
            return Ok(());
        }
        Err(Setback::failed(format!("there are more than {most} pages, which is the limit of one dataset")))
    }

    /// Bytes that the dataset may still have.
    pub(super) fn room(&self) -> u64 {
        self.inquiry.definition.max_bytes.saturating_sub(self.kept.received())
    }

    /// Keeps a page and tells the link to the next one.
    async fn take(
        &mut self,
        answer: Answer,
        names: Option<&mut (&[String], &mut BTreeSet<String>)>,
        before: &mut Option<Before>,
    ) -> Result<Option<String>, Setback> {
        let answer = json_only(answer)?;
        let is_paged = names.is_some() || self.request.paged;
        let page = match page::read(&answer.body, is_paged) {
            Ok(page) => page,
            Err(reason) => return Err(Setback::failed(reason).keeping(answer)),
        };
        let length = answer.body.len();
        let name = match names {
            Some((paths, ids)) => {
                page::collect_ids(&answer.body, paths, ids).map_err(Setback::failed)?;
                format!("list-{:04}.json", self.seen.lists + 1)
            }
            None => format!("page-{:04}.json", self.seen.pages + 1),
        };
        let is_list = name.starts_with("list-");
        self.kept.withhold(&self.inquiry.sent)?;
        self.kept.add(name, "application/json", answer.body).await?;
        let link = page.next_link.unwrap_or_default();
        let now = Before { rows: page.rows, length, link: link.clone() };
        if let Some(before) = before.replace(now)
            && self.is_repetition(&before, page.rows, length, &link).await
        {
            self.kept.take_back();
            return Err(Setback::failed(
                "the service gave the same page again under another link, so it was not read on: collect it again",
            ));
        }
        self.seen.holds_cut_lists |= page.holds_cut_lists;
        if is_list {
            self.seen.lists += 1;
        } else {
            self.seen.pages += 1;
            self.seen.rows += page.rows;
        }
        Ok(Some(link).filter(|link| !link.is_empty()))
    }

    /// Whether the page that was kept last holds the same as the one before it, but for the link to the next.
    async fn is_repetition(&self, before: &Before, rows: usize, length: usize, link: &str) -> bool {
        let may_be = rows > 0 && before.rows == rows && before.length - before.link.len() == length - link.len();
        may_be && self.kept.last_two_are_alike(&before.link, link).await
    }

    /// The link to a next page, if it may be followed.
    fn checked(&self, link: &str, visited: &HashSet<Url>) -> Result<Url, Setback> {
        let url = self.pinned(link)?;
        if visited.contains(&url) {
            return Err(Setback::failed("the link to the next page leads back to a page that was read already"));
        }
        Ok(url)
    }

    /// A link that leads to this connection's own Microsoft Graph.
    pub(super) fn pinned(&self, link: &str) -> Result<Url, Setback> {
        let url = Url::parse(link)
            .map_err(|_| Setback::failed("the link to the next page is not an absolute URL, so it was not followed"))?;
        if self.inquiry.target.connection().owns(&url) {
            return Ok(url);
        }
        let host = url.host_str().unwrap_or("another place").chars().take(100).collect::<String>();
        Err(Setback::failed(format!(
            "the link to the next page leads to {host}, which is not this connection's Microsoft Graph: it was not \
             followed and no token was sent there; have the network and any proxy looked at"
        )))
    }
}

/// Refuses an answer that calls itself something else than JSON; a web page is named by whoever reads it.
pub(super) fn json_only(answer: Answer) -> Result<Answer, Setback> {
    let media_type = answer.media_type();
    let looks_like_a_web_page = answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    if answer.is_json() || media_type.is_empty() || looks_like_a_web_page {
        return Ok(answer);
    }
    Err(Setback::failed(format!("the answer is of type {media_type} and not JSON")).keeping(answer))
}
