//! Works on many things on all processors, and keeps their order.

use std::io;
use std::sync::mpsc;
use std::thread;

/// Results that may be in work, or wait for one before them, per processor: bounds what is held in memory.
const AHEAD: usize = 3;

/// Makes something of each job on whatever thread, and hands that to `take` in the order of the jobs. The next job is fetched
/// while others are in work, but never far ahead.
///
/// # Errors
///
/// The first one of `take`, after which no job is begun any more.
pub(super) fn in_order<J: Send, T: Send>(
    jobs: impl Iterator<Item = J> + Send,
    work: impl Fn(J) -> T + Sync,
    mut take: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    let ahead = AHEAD * rayon::current_num_threads();
    let work = &work;
    thread::scope(|scope| {
        // Each job has a channel of its own for its result; these stand in line.
        let (line, next) = mpsc::sync_channel::<mpsc::Receiver<T>>(ahead);
        scope.spawn(move || {
            rayon::in_place_scope(|workers| {
                for job in jobs {
                    let (done, result) = mpsc::sync_channel(1);
                    // Nobody waits any more where something went wrong.
                    if line.send(result).is_err() {
                        break;
                    }
                    workers.spawn(move |_| drop(done.send(work(job))));
                }
            });
        });
        // A result that never comes is that of a job that panicked, which the scope passes on.
        next.into_iter().filter_map(|result| result.recv().ok()).try_for_each(&mut take)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_order_is_that_of_the_jobs() {
        let mut taken = Vec::new();
        // The first ones take longest.
        let work = |job: usize| (0..(500 - job) * 100).fold(job * 2, |value, _| std::hint::black_box(value));
        in_order(0..500, work, |value| {
            taken.push(value);
            Ok(())
        })
        .unwrap();
        assert_eq!(taken, (0..500).map(|job| job * 2).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_ends_it_and_few_jobs_are_fetched_ahead() {
        let fetched = AtomicUsize::new(0);
        let jobs = (0..100_000).inspect(|_| _ = fetched.fetch_add(1, Ordering::Relaxed));
        let error = in_order(jobs, |job| job, |job| if job == 7 { Err(io::Error::other("seven")) } else { Ok(()) });
        assert_eq!(error.unwrap_err().to_string(), "seven");
        assert!(fetched.load(Ordering::Relaxed) <= 7 + 3 + (AHEAD + 1) * rayon::current_num_threads());
    }
}
