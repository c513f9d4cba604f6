//! Stories that are played twice, once as a person reads them and once as a program does, and held against one golden transcript
//! in `tests/transcripts/`. A transcript opens with the sentence that it proves; below it stands each command with everything
//! that it printed and how it ended. What depends on the moment is folded (see `fold`), and nothing else is.
//!
//! `INSTA_UPDATE=always cargo test --test transcripts_…` writes them anew; the change is then read like any other.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

pub(crate) mod fold;
pub(crate) mod play;
pub(crate) mod stage;

use std::path::PathBuf;

pub(crate) use self::play::{Form, Play, Running};
pub(crate) use self::stage::{Demo, Stage};

/// Plays a story in both forms, each on a stage of its own, and holds what it printed against the transcript of this name.
pub(crate) fn transcript<S: Stage>(
    name: &str,
    sentence: &str,
    stage: impl Fn() -> S + Sync,
    story: impl Fn(&mut Play<S>) + Sync,
) {
    let told = |form| {
        let stage = stage();
        let mut play = Play::new(&stage, form);
        story(&mut play);
        play.told()
    };
    // Most of a story is waiting.
    let (people, programs) = std::thread::scope(|scope| {
        let programs = scope.spawn(|| told(Form::Program));
        let people = told(Form::People);
        (people, programs.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    hold(name, &format!("{sentence}\n\n== for people\n{people}\n== for programs\n{programs}"));
}

/// The same for a story whose commands print one document, whoever reads it.
pub(crate) fn document<S: Stage>(name: &str, sentence: &str, stage: &S, story: impl Fn(&mut Play<S>)) {
    let mut play = Play::new(stage, Form::People);
    story(&mut play);
    hold(name, &format!("{sentence}\n\n== for both\n{}", play.told()));
}

/// Where the transcripts are.
pub(crate) fn folder() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("the package lies in the workspace").join("tests/transcripts")
}

fn hold(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
