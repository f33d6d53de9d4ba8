//! Asks questions on the terminal, one after another.

use std::collections::VecDeque;

use super::super::{Failure, Streams, prompt};
use super::question::Form;
use super::{Answers, Question};
use crate::render::{Style, harden as render_harden};

/// Asks the questions and those that follow from answers; `None` where the user wants to leave.
pub(in crate::cli) fn ask_all(
    questions: Vec<Question>,
    mut answers: Answers,
    style: &Style,
    streams: &mut Streams,
) -> Result<Option<Answers>, Failure> {
    let mut queue = VecDeque::from(questions);
    while let Some(question) = queue.pop_front() {
        writeln!(streams.err)?;
        for line in &question.known {
            render_harden::aside(line, style, &mut streams.err)?;
        }
        let next = match &question.form {
            Form::Choose { options, default } => {
                let labels: Vec<String> = options.iter().map(|option| option.label.clone()).collect();
                let Some(at) = prompt::select(&question.text, &labels, *default, streams)? else { return Ok(None) };
                question.choose(at, &mut answers)
            }
            Form::Type { default, what } => {
                let typed = prompt::text(&question.text, default, &|text| what.check(text), streams)?;
                let Some(typed) = typed else { return Ok(None) };
                question.typed(&typed, &mut answers)
            }
        };
        next.into_iter().rev().for_each(|question| queue.push_front(question));
    }
    Ok(Some(answers))
}
