//! How long a server is waited for, all requests of a run taken together.

use std::time::Duration;

use tokio::time::Instant;

use super::error::{ClusterError, ErrorKind};

/// How long a server that asks for patience is tried at most.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first and the longest pause where the server names none, and the shortest where it does.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
const SHORTEST: Duration = Duration::from_millis(10);
/// What a request has at least, whatever others have lost.
const FLOOR: Duration = Duration::from_millis(500);

/// What the requests so far tell about the next ones.
pub(super) struct Patience {
    /// How long one request may take, where that is limited.
    request_timeout: Option<Duration>,
    /// How long the server has been waited for that asked for patience, but for the time since `ailing`.
    gone: Duration,
    /// How long it was waited for in vain.
    lost: Duration,
    /// When that was so first.
    vain: Option<Instant>,
    /// Since when the server has only asked for patience.
    ailing: Option<Instant>,
    /// When the server answered properly the last time.
    well: Option<Instant>,
    /// Why there is no use in asking again: a run must end soon after its time limit, however many requests it makes.
    dead: Option<ClusterError>,
}

impl Patience {
    /// Of a run whose requests may take so long each.
    pub(super) fn new(request_timeout: Option<Duration>) -> Self {
        let (gone, lost) = (Duration::ZERO, Duration::ZERO);
        Self { request_timeout, gone, lost, vain: None, ailing: None, well: None, dead: None }
    }

    /// How long the next request may take. What others have lost is taken off it: the run is to end soon after the limit of
    /// one request, however many are lost one after another.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.request_timeout.map(|limit| limit.saturating_sub(self.lost).max(FLOOR.min(limit)))
    }

    /// Why no request is worth making.
    pub(super) fn dead(&self) -> Option<&ClusterError> {
        self.dead.as_ref()
    }

    /// The server answered properly.
    pub(super) fn answered(&mut self, now: Instant) {
        self.well = Some(now);
        if let Some(ailing) = self.ailing.take() {
            self.gone += now.duration_since(ailing);
        }
    }

    /// A request failed that began at `started`. A server that cannot be reached, and gave no other answer since, gets no
    /// more of them. One that let it wait in vain or hung up gets one more chance, though not for long: it may be this one
    /// that was too much.
    pub(super) fn failed(&mut self, error: &ClusterError, started: Instant, now: Instant) {
        if !matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unreachable) {
            return;
        }
        let is_there = error.kind() == ErrorKind::Timeout || error.is_cut();
        let has_chance = is_there && self.vain.is_none_or(|vain| started < vain);
        self.vain.get_or_insert(now);
        self.lost = self.lost.max(now.duration_since(started));
        if !has_chance && self.well.is_none_or(|well| well < started) {
            self.dead = Some(error.clone());
        }
    }

    /// How long to wait after so many tries of a request, where the server may have named a time; `None` when that would
    /// take too long.
    pub(super) fn pause(
        &mut self,
        now: Instant,
        tries: u32,
        named: Option<Duration>,
        deadline: Option<Instant>,
    ) -> Option<Duration> {
        let ailing = *self.ailing.get_or_insert(now);
        let grown = PAUSES.0.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(PAUSES.1);
        let pause = named.unwrap_or(grown).max(SHORTEST);
        let next = now.checked_add(pause)?;
        let limit = self.request_timeout.unwrap_or(PATIENCE).min(PATIENCE);
        let in_time = self.gone + next.duration_since(ailing) <= limit;
        if in_time && deadline.is_none_or(|deadline| next < deadline) {
            return Some(pause);
        }
        self.lost = self.lost.max(self.gone + now.duration_since(ailing));
        None
    }

    /// One more request is worth making.
    pub(super) fn try_again(&mut self) {
        self.dead = None;
    }

    /// Takes the server for one that may answer again.
    pub(super) fn forget(&mut self) {
        (self.dead, self.ailing, self.vain) = (None, None, None);
        (self.gone, self.lost) = (Duration::ZERO, Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses of a request that is refused at once each time, and when it is given up.
    fn pauses(patience: &mut Patience, mut now: Instant, named: Option<Duration>) -> (Vec<u128>, Instant) {
        let mut pauses = Vec::new();
        while let Some(pause) = patience.pause(now, u32::try_from(pauses.len()).unwrap() + 1, named, None) {
            now += pause;
            pauses.push(pause.as_millis());
        }
        (pauses, now)
    }

    #[test]
    fn without_a_limit_a_server_has_half_a_minute_in_all() {
        let (start, mut patience) = (Instant::now(), Patience::new(None));
        let (first, end) = pauses(&mut patience, start, None);
        assert_eq!(first, [200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
        assert!(end - start <= PATIENCE && end - start > PATIENCE - PAUSES.1);
        // The next request has what is left of it, which is less than the server wants.
        assert_eq!(pauses(&mut patience, end, Some(Duration::from_secs(5))).0, [0; 0]);
        let long = Some(Duration::from_secs(31));
        assert_eq!(pauses(&mut Patience::new(None), start, long).0, [0; 0], "nobody waits for that");
    }

    #[test]
    fn answers_in_between_do_not_bring_the_time_back() {
        let (start, mut patience) = (Instant::now(), Patience::new(Some(Duration::from_secs(2))));
        let second = Some(Duration::from_secs(1));
        assert_eq!(patience.pause(start, 1, second, None), second);
        patience.answered(start + Duration::from_secs(1));
        // What is well for an hour has lost nothing by it.
        let later = start + Duration::from_secs(3600);
        assert_eq!(patience.pause(later, 1, second, None), second);
        patience.answered(later + Duration::from_secs(1));
        assert_eq!(patience.pause(later + Duration::from_secs(2), 1, second, None), None);
        patience.forget();
        assert_eq!(patience.pause(later + Duration::from_secs(2), 1, second, None), second);
    }

    #[test]
    fn nobody_waits_beyond_the_end_of_the_request() {
        let (start, mut patience) = (Instant::now(), Patience::new(None));
        let deadline = Some(start + Duration::from_millis(500));
        assert_eq!(patience.pause(start, 1, None, deadline), Some(Duration::from_millis(200)));
        assert_eq!(patience.pause(start, 3, None, deadline), None);
    }

    #[test]
    fn what_was_lost_is_taken_off_what_follows() {
        let (start, two) = (Instant::now(), Duration::from_secs(2));
        let mut patience = Patience::new(Some(two));
        assert_eq!(patience.limit(), Some(two));
        patience.failed(&ClusterError::new(ErrorKind::Timeout, "too slow"), start, start + two);
        assert_eq!(patience.limit(), Some(FLOOR));
        let mut patience = Patience::new(Some(two));
        let (_, end) = pauses(&mut patience, start, None);
        assert_eq!(patience.limit(), Some((two - (end - start)).max(FLOOR)));
        assert_eq!(Patience::new(None).limit(), None);
    }

    #[test]
    fn a_server_that_answered_meanwhile_is_not_dead() {
        let (start, mut patience) = (Instant::now(), Patience::new(None));
        let at = |second| start + Duration::from_secs(second);
        let error = ClusterError::new(ErrorKind::Unreachable, "gone");
        patience.answered(at(1));
        patience.failed(&error, start, at(2));
        assert!(patience.dead().is_none());
        patience.failed(&error, at(2), at(3));
        assert!(patience.dead().is_some());
        patience.try_again();
        assert!(patience.dead().is_none());
    }

    #[test]
    fn a_server_that_is_too_slow_once_has_one_more_chance() {
        let (start, mut patience) = (Instant::now(), Patience::new(None));
        let at = |second| start + Duration::from_secs(second);
        let error = ClusterError::new(ErrorKind::Timeout, "too slow");
        patience.failed(&error, start, at(2));
        let cut = ClusterError::cut(ErrorKind::Unreachable, "closed");
        patience.failed(&cut, at(1), at(3));
        assert!(patience.dead().is_none(), "both were on their way");
        patience.failed(&error, at(2), at(4));
        assert!(patience.dead().is_some());
    }
}
