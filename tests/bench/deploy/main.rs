//! The same deployment by `aws ecs deploy` and by `greenlight deploy`, each on a stand-in of its own at AWS's pace, at the same time:
//! calls, and how long after the end of the deployment the command ends; and how long both take to start.
//!
//! `cargo bench -p greenlight --bench deploy [-- --termination MINUTES] [-- --runs N]`; needs python3 for the AWS CLI. It takes as long
//! as the deployment: by default five minutes of termination wait and one of Install. What is counted are calls of the command
//! alone, as the stand-in counts them by access key; no hook runs.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its figures")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up ends")]
#![allow(clippy::disallowed_methods, reason = "a bench is about the clock")]

mod contender;

#[path = "../../support/python.rs"]
mod python;
#[path = "../../support/stand_in.rs"]
mod stand_in;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use contender::Contender;

fn main() {
    let number = |name: &str, default: u64| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
        arguments.next().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} takes a number")))
    };
    let (termination, runs) = (number("--termination", 5), number("--runs", 20));
    let tools = python::tools("the bench").unwrap_or_else(|| panic!("the AWS CLI needs python3"));
    let aws = tools.join("aws");
    let greenlight = PathBuf::from(env!("CARGO_BIN_EXE_greenlight"));

    println!("start to end of --version, median of {runs}");
    let (ours, peer) = (starts(&greenlight, runs), starts(&aws, runs));
    println!(
        "  greenlight {:>8.1} ms\n  aws        {:>8.1} ms   {:.0} times as long",
        ms(ours),
        ms(peer),
        ms(peer) / ms(ours)
    );

    println!("one deployment, all at once, {termination} min termination wait");
    let contenders = [Contender::greenlight(greenlight, termination), Contender::aws(aws, termination)];
    let threads = contenders.map(|contender| std::thread::spawn(move || contender.deploy()));
    let [ours, peer] = threads.map(|thread| thread.join().expect("a contender deploys"));
    for (name, figures) in [("greenlight", &ours), ("aws", &peer)] {
        println!("  {name:<10} {:>4} calls ({})", figures.all(), figures.told());
        println!(
            "  {:<10} {:>4} of them in following; {:.1} s from the end of the deployment to the end of the command",
            "",
            figures.following(),
            figures.late
        );
    }
    let ratio = |ours: f64, peer: f64| ours / peer.max(0.001);
    println!(
        "  ratios: {:.2} of the peer's calls, {:.2} of those in following, {:.2} of its lateness",
        ratio(f64::from(ours.all()), f64::from(peer.all())),
        ratio(f64::from(ours.following()), f64::from(peer.following())),
        ratio(ours.late, peer.late)
    );
    println!(
        "  one run's lateness is chance: the peer's is 0 to 15 s, 7.5 s in the mean; decide::poll's tests have the mean of ours"
    );
}

fn starts(program: &PathBuf, runs: u64) -> Duration {
    let mut times: Vec<_> = (0..=runs)
        .map(|_| {
            let begun = Instant::now();
            let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(status.expect("it can be started").success());
            begun.elapsed()
        })
        // The first one fills the page cache.
        .skip(1)
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
