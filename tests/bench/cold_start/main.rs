//! From the start of a hook's process to the arrival of its report, with one `http` check, beside the hook of AWS's tutorial on
//! Node.js and its port to Python: wall time, CPU, peak memory, package size. All three stand behind the same Runtime API and ask the
//! same AWS and the same service in the same run, one after the other in turn.
//!
//! `cargo bench -p greenlight-checks --bench cold_start [-- --runs N]`; needs python3, node and npm. Ours does more than the
//! others do: it reads the deployment and proves the routing twice. What starts is the package as it is deployed, made by
//! `functions/package`. Fetching and unpacking a package, which Lambda does before, is not in the figures.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its figures")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up ends")]
#![allow(clippy::disallowed_methods, reason = "a bench is about the clock")]
#![allow(dead_code, reason = "the bench uses a part of the hooks' AWS")]

mod contender;
mod figures;
mod run;

// The service and the AWS of the hooks' tests.
#[path = "../../support/hook/aws.rs"]
mod aws;
#[path = "../../support/hook/cloudwatch.rs"]
mod cloudwatch;
#[path = "../../support/hook/shop.rs"]
mod shop;
#[path = "../../support/hook/wire.rs"]
mod wire;
#[path = "../../support/hook/wire_ecs.rs"]
mod wire_ecs;

use contender::Contender;
use figures::Figures;
use run::World;

const RUNS: usize = 20;

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--runs").skip(1);
    let runs = arguments.next().map_or(RUNS, |text| text.parse().expect("--runs takes a number"));
    let contenders = Contender::all().unwrap_or_else(|error| panic!("{error}"));
    let world = World::open();
    let mut figures: Vec<_> = contenders.iter().map(Figures::of).collect();
    // The first of each fills the page cache and is thrown away.
    for turn in 0..=runs {
        for (contender, figures) in contenders.iter().zip(&mut figures) {
            let sample = world.start(contender).unwrap_or_else(|error| panic!("{}: {error}", contender.name));
            if turn > 0 {
                figures.samples.push(sample);
            }
        }
        eprintln!("run {turn} of {runs}");
    }
    println!("{}", figures::table(&figures));
}
