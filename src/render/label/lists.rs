//! The list on top: a line per namespace, and under it what is odd about some.

use std::borrow::Cow;
use std::io::{self, Write};

use super::edits::policy_of;
use super::table::Detail;
use super::{text, words};
use crate::policy::{Level, Mode, Policy};
use crate::render::columns::{Cell, Columns, Row, Sign};
use crate::render::measure::columns;
use crate::render::style::{Style, Tone, sanitize};
use crate::report::label::{LabelReport, ModeRow, NamespaceRow, Question};

/// Notices that are shown where not everything is.
const MOST_NOTICES: usize = 20;

/// Columns of the longest name that notices are aligned to.
const LONGEST_NAME: usize = 24;

/// Writes the list, then the notices, and an empty line; nothing where there are no namespaces.
pub(super) fn write(report: &LabelReport, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if report.namespaces.is_empty() {
        return Ok(());
    }
    let list = List { report, detail };
    let header = list.header();
    let all = || report.namespaces.iter().map(|row| list.row(row));
    // What is wide is for wide terminals, and nothing of it is cut.
    let width = style.width.filter(|_| detail != Detail::Wide);
    let list_style = Style { width, ..style.clone() };
    let columns = Columns::whole(&list_style, &header, all());
    columns.write_header(out, &header)?;
    all().try_for_each(|row| columns.write(out, &row))?;
    writeln!(out)?;
    notices(report, detail, style, out)
}

struct List<'a> {
    report: &'a LabelReport,
    detail: Detail,
}

impl<'a> List<'a> {
    fn header(&self) -> Row<'a> {
        let now = match self.report.question {
            Question::Upgrade { from, .. } => format!("ENFORCE AT v1.{from}").into(),
            _ => "ENFORCE NOW".into(),
        };
        let mut names: Vec<Cow<'_, str>> = vec!["NAMESPACE".into(), now];
        if self.has_all_modes() {
            names.extend(["WARN NOW".into(), "AUDIT NOW".into()]);
        }
        match self.report.question {
            Question::Matrix => names.extend(["BASELINE".into(), "RESTRICTED".into(), "STRICTEST SAFE".into()]),
            Question::Labels => names.extend(self.columns().iter().map(|modes| self.mode_header(modes).into())),
            Question::Upgrade { to, .. } => {
                names.extend(self.columns().iter().map(|modes| format!("{} AT v1.{to}", capitals(modes)).into()));
            }
        }
        let cells = names.into_iter().map(|name| Cell::new(Tone::Strong, name)).collect();
        Row { sign: Sign::None, cells }
    }

    fn row(&self, row: &'a NamespaceRow) -> Row<'a> {
        let mut cells = vec![Cell::plain(sanitize(&row.name)), self.now(row)];
        if self.has_all_modes() {
            let policy = policy_of(&row.labels);
            cells.extend([Mode::Warn, Mode::Audit].map(|mode| {
                let now = words::now(row, mode).unwrap_or(policy.mode(mode));
                Cell::plain(words::policy_now(row, mode, now))
            }));
        }
        let sign = if self.report.question == Question::Matrix { self.matrix_sign(row) } else { sign(row) };
        match self.report.question {
            Question::Matrix => {
                cells.extend([Level::Baseline, Level::Restricted].map(|level| self.level(row, level)));
                cells.push(match (&row.exempt, row.unread.is_empty()) {
                    (Some(_), _) => Cell::new(Tone::Faint, "-"),
                    (None, true) => Cell::new(Tone::met(row.strictest), row.strictest.as_str()),
                    (None, false) => Cell::new(Tone::Warning, words::NOT_KNOWN),
                });
            }
            _ => {
                cells.extend(self.columns().iter().filter_map(|modes| modes.first()).map(|mode| self.mode(row, *mode)))
            }
        }
        Row { sign, cells }
    }

    fn is_wide(&self) -> bool {
        self.detail == Detail::Wide
    }

    fn has_all_modes(&self) -> bool {
        self.is_wide() && self.report.question == Question::Matrix
    }

    /// What is enforced now: of what would change nothing, by the labels alone.
    fn now(&self, row: &NamespaceRow) -> Cell<'a> {
        let now = words::now(row, Mode::Enforce).unwrap_or(policy_of(&row.labels).enforce);
        let text = match self.report.question {
            // The head names the version of all that follow the server's.
            Question::Upgrade { from, .. } if now.version.minor() == from && now.level > Level::Privileged => {
                now.level.to_string()
            }
            _ => words::policy_now(row, Mode::Enforce, now),
        };
        Cell::new(if text == "-" { Tone::Faint } else { Tone::Plain }, text)
    }

    fn level(&self, row: &NamespaceRow, level: Level) -> Cell<'a> {
        match row.modes.iter().find(|entry| entry.to.level == level) {
            Some(entry) => self.outcome(row, entry),
            None => Cell::new(Tone::Faint, "-"),
        }
    }

    /// The modes that any namespace would change, in the order in which people name them.
    fn modes(&self) -> Vec<Mode> {
        let is_there =
            |mode: &Mode| self.report.namespaces.iter().any(|row| row.modes.iter().any(|one| one.mode == *mode));
        [Mode::Enforce, Mode::Warn, Mode::Audit].into_iter().filter(is_there).collect()
    }

    /// The modes, those together that come to the same in every namespace.
    fn columns(&self) -> Vec<Vec<Mode>> {
        let mut columns: Vec<Vec<Mode>> = Vec::new();
        for mode in self.modes() {
            match columns.iter_mut().find(|column| column.first().is_some_and(|first| self.is_same(*first, mode))) {
                Some(column) => column.push(mode),
                None => columns.push(vec![mode]),
            }
        }
        columns
    }

    fn is_same(&self, one: Mode, other: Mode) -> bool {
        self.report.namespaces.iter().all(|row| {
            let of = |mode: Mode| {
                let entry = row.modes.iter().find(|entry| entry.mode == mode)?;
                Some((entry.to, entry.workloads, entry.pods, entry.violating.len(), entry.newly_allowed.len()))
            };
            of(one) == of(other)
        })
    }

    /// The policy of a mode, where it is the same in all namespaces.
    fn common(&self, mode: Mode) -> Option<Policy> {
        let mut all = self.report.namespaces.iter().flat_map(|row| &row.modes).filter(|one| one.mode == mode);
        let first = all.next()?.to;
        all.all(|one| one.to == first).then_some(first)
    }

    /// `ENFORCE baseline`, `WARN+AUDIT restricted:v1.30`: the server's own version goes without saying.
    fn mode_header(&self, modes: &[Mode]) -> String {
        match modes.first().and_then(|mode| self.common(*mode)) {
            Some(to) if to.version.minor() == self.report.server => format!("{} {}", capitals(modes), to.level),
            Some(to) => format!("{} {to}", capitals(modes)),
            None => format!("{} THEN", capitals(modes)),
        }
    }

    fn mode(&self, row: &NamespaceRow, mode: Mode) -> Cell<'a> {
        let Some(entry) = row.modes.iter().find(|one| one.mode == mode) else {
            return Cell::new(Tone::Faint, "unchanged");
        };
        let mut cell = match self.report.question {
            Question::Upgrade { .. } => upgraded(entry),
            _ => self.outcome(row, entry),
        };
        if self.report.question == Question::Labels && self.common(mode).is_none() {
            cell.text = format!("{}: {}", entry.to, cell.text).into();
        }
        cell
    }

    fn outcome(&self, row: &NamespaceRow, entry: &ModeRow) -> Cell<'a> {
        if row.exempt.is_some() {
            return Cell::new(Tone::Faint, "exempt");
        }
        let mut text = words::outcome(row, entry.mode, entry.workloads);
        if self.is_wide() && entry.pods.violating > 0 {
            text.push_str(&format!(" ({} of {} pods)", entry.pods.violating, entry.pods.judged));
        }
        let tone = match (entry.workloads.violating, entry.mode) {
            (0, _) if !row.unread.is_empty() => Tone::Warning,
            (0, _) if entry.workloads.judged == 0 => Tone::Faint,
            (0, _) => Tone::Good,
            (_, Mode::Enforce) => Tone::Bad,
            (..) => Tone::Warning,
        };
        Cell::new(tone, text)
    }

    /// How what is enforced now stands to what is safe.
    fn matrix_sign(&self, row: &NamespaceRow) -> Sign {
        let now = words::now(row, Mode::Enforce).unwrap_or(policy_of(&row.labels).enforce);
        let is_current = now.version.minor() >= self.report.server;
        match now.level.cmp(&row.strictest) {
            _ if row.exempt.is_some() => Sign::Exempt,
            _ if !row.unread.is_empty() => Sign::Warned,
            std::cmp::Ordering::Equal => Sign::Passes,
            std::cmp::Ordering::Less => Sign::Room,
            std::cmp::Ordering::Greater if is_current => Sign::Fails,
            // Rules of an older version may have been met.
            std::cmp::Ordering::Greater => Sign::Warned,
        }
    }
}

fn capitals(modes: &[Mode]) -> String {
    modes.iter().map(|mode| mode.as_str().to_uppercase()).collect::<Vec<_>>().join("+")
}

/// What another version changes.
fn upgraded<'a>(entry: &ModeRow) -> Cell<'a> {
    let tone = match (entry.violating.is_empty(), entry.newly_allowed.is_empty()) {
        (true, true) => Tone::Good,
        (true, false) => Tone::Plain,
        (false, _) if entry.mode == Mode::Enforce => Tone::Bad,
        (false, _) => Tone::Warning,
    };
    Cell::new(tone, words::upgraded(entry))
}

fn sign(row: &NamespaceRow) -> Sign {
    let differs = row.modes.iter().any(|mode| !mode.differences.is_empty());
    if row.exempt.is_some() {
        Sign::Exempt
    } else if row.breaks() {
        Sign::Fails
    } else if differs || row.modes.iter().any(|mode| !mode.violating.is_empty()) {
        Sign::Warned
    } else {
        Sign::Passes
    }
}

/// Writes `! shop  what is odd`, for exempt namespaces why, and an empty line after it.
fn notices(report: &LabelReport, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let of = |row: &'_ NamespaceRow| {
        let name = sanitize(&row.name).into_owned();
        let notices = row.notices.iter().map(|notice| (Sign::Warned, notice.message.clone()));
        let exempt = row.exempt.iter().map(|why| (Sign::Exempt, why.clone()));
        let all: Vec<_> = exempt.chain(notices).map(|(sign, text)| (sign, name.clone(), text)).collect();
        all
    };
    let all: Vec<_> = report.namespaces.iter().flat_map(of).collect();
    if all.is_empty() {
        return Ok(());
    }
    let shown = &all[..all.len().min(detail.most(MOST_NOTICES))];
    let most = style.width.map_or(LONGEST_NAME, |width| (width / 4).min(LONGEST_NAME));
    let fitting = shown.iter().map(|(_, name, _)| columns(name)).filter(|width| *width <= most);
    let longest = fitting.max().unwrap_or(2);
    let indent = 4 + longest + 2;
    for (sign, name, text) in shown {
        write!(out, "  {} {name}", sign.paint(style))?;
        // A longer name has a line of its own.
        match longest.checked_sub(columns(name)) {
            Some(gap) => write!(out, "{:1$}", "", gap + 2)?,
            None => write!(out, "\n{:indent$}", "")?,
        }
        text::hanging(out, style, indent, &sanitize(text))?;
    }
    if shown.len() < all.len() {
        writeln!(out, "    {}", style.paint(Tone::Faint, &format!("and {} more", all.len() - shown.len())))?;
    }
    writeln!(out)
}
