//! A platform for forms: somebody publishes one, others fill it in, and what comes in goes through a review.

use std::{collections::BTreeMap, fmt};

use gesta::{prelude::*, query::FoundPage};
use serde::{Deserialize, Serialize};

/// Names a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Id)]
pub struct FormId(pub String);

/// Names what somebody has sent in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct SubmissionId(pub String);

/// What happens to a form.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum FormEvent {
    /// It can be filled in.
    Published {
        /// What it is about.
        title: String,
        /// What it asks.
        questions: Vec<String>,
    },
    /// It cannot be filled in any more.
    Closed {
        /// Why.
        reason: String,
    },
}

/// What happens to a submission.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum SubmissionEvent {
    /// Somebody has filled in a form.
    Received {
        /// Which.
        form: FormId,
        /// The address of whoever it was.
        from: String,
        /// What was answered to each question.
        answers: BTreeMap<String, String>,
    },
    /// Something has looked at how likely it is that nobody means it: a fact that no reviewer decides about.
    Scored {
        /// From 0 to 100, where 100 is certainly nothing that anybody wants to read.
        spam: u64,
    },
    /// A reviewer has moved it on.
    Moved {
        /// Where it stands now.
        to: Status,
        /// What the reviewer says.
        note: String,
    },
}

/// Where a submission stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Schema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has looked at it.
    #[default]
    Received,
    /// Somebody looks at it.
    InReview,
    /// It is what it should be.
    Accepted,
    /// It is not; it can be looked at again.
    Rejected,
}

impl Status {
    /// All of them, in the order of the work.
    pub const ALL: [Self; 4] = [Self::Received, Self::InReview, Self::Accepted, Self::Rejected];

    /// Whether a submission that stands here can be moved there.
    pub fn leads_to(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::Received | Self::Rejected, Self::InReview)
                | (Self::InReview, Self::Accepted | Self::Rejected)
        )
    }

    /// The name that is shown and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::InReview => "in review",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A form, as far as is needed to decide.
#[aggregate(id = FormId, event = FormEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Form {
    open: bool,
    questions: Vec<String>,
}

impl Form {
    /// Why it cannot be filled in like this; nothing if it can.
    pub fn objection(&self, answers: &BTreeMap<String, String>) -> Option<String> {
        if !self.open {
            return Some("the form is closed".into());
        }
        let missing = self.questions.iter().find(|question| !answers.contains_key(*question));
        missing.map(|question| format!("`{question}` is not answered"))
    }
}

#[apply(FormEvent)]
impl Form {
    fn published(&mut self, questions: &Vec<String>) {
        self.open = true;
        self.questions.clone_from(questions);
    }
    fn closed(&mut self) {
        self.open = false;
    }
}

/// Publishes a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// What it is about.
    pub title: String,
    /// What it asks.
    pub questions: Vec<String>,
}

/// Closes a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Close {
    /// Why.
    pub reason: String,
}

/// Why a command to a form is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum FormError {
    /// Nobody can answer it.
    #[error("a form without questions cannot be published")]
    NoQuestions,
    /// It is closed already.
    #[error("the form is closed already")]
    Closed,
}

#[command_handler]
impl Form {
    fn publish(cmd: Publish) -> Result<FormEvent, FormError> {
        if cmd.questions.is_empty() {
            return Err(FormError::NoQuestions);
        }
        Ok(FormEvent::Published { title: cmd.title, questions: cmd.questions })
    }

    fn close(&self, cmd: Close) -> Result<FormEvent, FormError> {
        if !self.open {
            return Err(FormError::Closed);
        }
        Ok(FormEvent::Closed { reason: cmd.reason })
    }
}

/// A submission, as far as is needed to decide.
#[aggregate(id = SubmissionId, event = SubmissionEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Submission {
    status: Status,
}

#[apply(SubmissionEvent, ignore(Scored))]
impl Submission {
    fn received(&mut self) {
        self.status = Status::Received;
    }
    fn moved(&mut self, to: &Status) {
        self.status = *to;
    }
}

/// Fills in a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    /// Which.
    pub form: FormId,
    /// The address of whoever it is.
    pub from: String,
    /// What is answered to each question.
    pub answers: BTreeMap<String, String>,
}

/// Moves a submission on.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Where to.
    pub to: Status,
    /// What the reviewer says.
    pub note: String,
}

/// Why a command to a submission is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SubmissionError {
    /// The review has an order.
    #[error("what is {from} cannot become {to}")]
    NotAllowed {
        /// Where it stands.
        from: Status,
        /// Where it should go.
        to: Status,
    },
}

#[command_handler]
impl Submission {
    fn submit(cmd: Submit) -> Result<SubmissionEvent, SubmissionError> {
        Ok(SubmissionEvent::Received { form: cmd.form, from: cmd.from, answers: cmd.answers })
    }

    fn move_on(&self, cmd: Move) -> Result<SubmissionEvent, SubmissionError> {
        if !self.status.leads_to(cmd.to) {
            return Err(SubmissionError::NotAllowed { from: self.status, to: cmd.to });
        }
        Ok(SubmissionEvent::Moved { to: cmd.to, note: cmd.note })
    }
}

/// What reviewers see of a submission.
#[projection(key = SubmissionId, version = 1)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The form that was filled in.
    #[index]
    pub form: FormId,
    /// Where it stands, by name.
    #[index]
    pub status: String,
    /// How likely it is that nobody means it.
    #[index]
    pub spam: u64,
    /// Who has sent it.
    pub from: String,
}

#[apply(SubmissionEvent)]
impl Card {
    fn received(&mut self, form: &FormId, from: &String) {
        self.form = form.clone();
        self.from.clone_from(from);
        self.status = Status::Received.name().into();
    }
    fn scored(&mut self, spam: &u64) {
        self.spam = *spam;
    }
    fn moved(&mut self, to: &Status) {
        self.status = to.name().into();
    }
}

/// The submissions of a form, those first that somebody is most likely to mean.
pub struct SubmissionsOf(pub FormId);

/// How many submissions of a form stand where, in the order of [`Status::ALL`].
pub struct CountsOf(pub FormId);

#[query_handler]
impl Card {
    async fn submissions_of(query: SubmissionsOf, reader: &Reader) -> Result<Vec<(String, Card)>, ReadError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let found = reader.find::<Card>().filter(Card::FORM.eq(query.0.clone()));
            let FoundPage { documents, next: more, .. } =
                found.order_by(Card::SPAM.ascending()).after(next).limit(50).page().await?;
            all.extend(documents);
            next = more;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    async fn counts_of(query: CountsOf, reader: &Reader) -> Result<[u64; 4], ReadError> {
        let mut counts = [0; 4];
        for (count, status) in counts.iter_mut().zip(Status::ALL) {
            let of_form = reader.find::<Card>().filter(Card::FORM.eq(query.0.clone()));
            *count = of_form.filter(Card::STATUS.eq(status.name())).count().await?;
        }
        Ok(counts)
    }
}

gesta::domain! {
    pub Forms {
        aggregates: [Form, Submission],
        projections: [Card],
    }
}

#[cfg(test)]
mod tests {
    use gesta::test::{given, given_creating};

    use super::*;

    fn received() -> SubmissionEvent {
        let (form, from) = (FormId("contact".into()), "ann@example.org".into());
        SubmissionEvent::Received { form, from, answers: BTreeMap::new() }
    }

    fn moved(to: Status) -> SubmissionEvent {
        SubmissionEvent::Moved { to, note: String::new() }
    }

    fn to(to: Status) -> Move {
        Move { to, note: String::new() }
    }

    #[test]
    fn a_form_asks_something() {
        let publish = Publish { title: "Empty".into(), questions: Vec::new() };
        given_creating::<Form, _>(publish).rejects(FormError::NoQuestions);
    }

    #[test]
    fn a_review_has_an_order() {
        given::<Submission>([received()])
            .when(to(Status::Accepted))
            .rejects(SubmissionError::NotAllowed { from: Status::Received, to: Status::Accepted });
        given::<Submission>([received(), moved(Status::InReview)])
            .when(to(Status::Accepted))
            .then([moved(Status::Accepted)]);
    }

    #[test]
    fn a_score_is_a_fact_beside_the_review() {
        given::<Submission>([received(), SubmissionEvent::Scored { spam: 90 }])
            .when(to(Status::InReview))
            .then([moved(Status::InReview)]);
    }

    #[test]
    fn a_closed_form_is_not_filled_in() {
        let mut form = Form::default();
        form.published(&vec!["name".into()]);
        assert_eq!(form.objection(&BTreeMap::new()).as_deref(), Some("`name` is not answered"));
        assert_eq!(form.objection(&BTreeMap::from([("name".into(), "Ann".into())])), None);
        form.closed();
        assert_eq!(form.objection(&BTreeMap::new()).as_deref(), Some("the form is closed"));
    }
}
