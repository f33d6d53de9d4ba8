//! Works on many things on all processors, and keeps their order.

use std::io;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// Jobs that may be in work, or wait for one before them, per thread: bounds what is held in memory.
const AHEAD: usize = 3;

/// Results of one job that may wait.
const WAITING: usize = 2;

/// Does each job on a thread of its own choice, and hands what comes of it, piece by piece, to `take` in the order of the
/// jobs. `work` passes each piece on. The next job is fetched while others are in work, but never far ahead.
///
/// # Errors
///
/// The first one of `take`, after which no job is begun any more.
pub(super) fn in_order<J: Send, T: Send>(
    jobs: impl Iterator<Item = J> + Send,
    work: impl Fn(J, &mut dyn FnMut(T)) + Sync,
    take: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    // A caller may itself be at work in rayon's pool, whose threads must not wait for each other: hence others.
    let threads = rayon::current_num_threads();
    let (jobs, work) = (&Mutex::new(jobs), &work);
    thread::scope(|scope| {
        // Each job has a channel of its own for its results; these stand in line.
        let (line, next) = mpsc::sync_channel(AHEAD * threads);
        for _ in 0..threads {
            let line = line.clone();
            scope.spawn(move || {
                while let Some((job, results)) = fetch(jobs, &line) {
                    // Nobody waits any more where something went wrong.
                    work(job, &mut |result| drop(results.send(result)));
                }
            });
        }
        drop(line);
        // Whose turn it is gets its results away; so the others, who may have to wait for that, do not wait for ever.
        next.into_iter().flat_map(mpsc::Receiver::into_iter).try_for_each(take)
    })
}

/// The next job, and where its results go; `None` where there is none, or nobody waits for results.
fn fetch<J, T>(
    jobs: &Mutex<impl Iterator<Item = J>>,
    line: &mpsc::SyncSender<mpsc::Receiver<T>>,
) -> Option<(J, mpsc::SyncSender<T>)> {
    let mut jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
    let job = jobs.next()?;
    let (results, come) = mpsc::sync_channel(WAITING);
    // Waits, as do those that want the next job, while too many are under way.
    line.send(come).ok()?;
    Some((job, results))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_order_is_that_of_the_jobs() {
        let mut taken = Vec::new();
        // The first ones take longest.
        let work = |job: usize, pass: &mut dyn FnMut(usize)| {
            let double = (0..(500 - job) * 100).fold(job * 2, |value, _| std::hint::black_box(value));
            (0..job % 7).for_each(|_| pass(double));
        };
        in_order(0..500, work, |value| {
            taken.push(value);
            Ok(())
        })
        .unwrap();
        let expected = (0..500).flat_map(|job| std::iter::repeat_n(job * 2, job % 7));
        assert_eq!(taken, expected.collect::<Vec<_>>());
    }

    #[test]
    fn threads_of_the_pool_may_wait_for_it() {
        use rayon::prelude::*;
        let sums = (0..100_u64).into_par_iter().map(|number| {
            let mut sum = 0;
            in_order(
                0..number,
                |job, pass| pass(job),
                |job| {
                    sum += job;
                    Ok(())
                },
            )
            .map(|()| sum)
            .unwrap()
        });
        assert_eq!(
            sums.collect::<Vec<_>>(),
            (0..100).map(|number: u64| number * number.saturating_sub(1) / 2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_error_ends_it_and_few_jobs_are_fetched_ahead() {
        let fetched = AtomicUsize::new(0);
        let jobs = (0..100_000).inspect(|_| _ = fetched.fetch_add(1, Ordering::Relaxed));
        let error =
            in_order(jobs, |job, pass| pass(job), |job| if job == 7 { Err(io::Error::other("seven")) } else { Ok(()) });
        assert_eq!(error.unwrap_err().to_string(), "seven");
        assert!(fetched.load(Ordering::Relaxed) <= 7 + 3 + (AHEAD + 1) * rayon::current_num_threads());
    }
}
