//! `-o psa`: what the API server would say.

use std::io::{self, Write};

use super::style::sanitize;
use crate::report::Verdict;

/// Writes the server's sentence for each object about which it says something.
pub(super) fn part(verdicts: &[Verdict], out: &mut dyn Write) -> io::Result<()> {
    let sentences = verdicts.iter().filter_map(|verdict| verdict.sentence.as_deref());
    sentences.into_iter().try_for_each(|sentence| writeln!(out, "{}", sanitize(sentence)))
}

#[cfg(test)]
mod tests {
    use crate::render::{Format, Style, rendered, sample};

    #[test]
    fn the_sentence_and_nothing_else() {
        let text = |report| rendered(&report, Format::Psa, &Style::default());
        let report = sample::shop();
        let sentence = report.results[1].sentence.clone().expect("the deployment fails");
        assert_eq!(text(report), format!("{sentence}\n"));
        assert_eq!(text(sample::empty()), "");
        let hostile = text(sample::hostile());
        assert_eq!(hostile.lines().count(), 1);
        assert!(hostile.ends_with("type \"t^[\\n%|`{0}[a](b)\")\n"), "{hostile}");
    }
}
