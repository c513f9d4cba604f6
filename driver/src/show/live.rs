//! A region at the bottom of a terminal that always shows the last view. Lines that stay are written above it.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::block;
use super::paint::Paint;
use crate::decide::view::View;

/// The region.
#[derive(Debug)]
pub struct Live {
    /// Colours.
    pub paint: Paint,
    region: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl Live {
    /// An empty region on standard error.
    pub fn new(paint: Paint) -> Self {
        Self {
            paint,
            region: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(20)),
            lines: Vec::new(),
        }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        if self.lines.is_empty() {
            super::error_line(text);
        } else {
            // A terminal that cannot be written to has nobody to tell.
            let _ = self.region.println(text);
        }
    }

    /// Shows this view in place of the last one.
    pub fn show(&mut self, view: &View) {
        let text = block::view(view, self.paint);
        while self.lines.len() < text.len() {
            let style = ProgressStyle::with_template("{msg}").expect("the template is constant");
            self.lines.push(self.region.add(ProgressBar::new_spinner().with_style(style)));
        }
        for (index, line) in self.lines.iter().enumerate() {
            line.set_message(text.get(index).cloned().unwrap_or_default());
        }
    }

    /// Leaves the last view as ordinary text.
    pub fn close(&mut self, view: &View) {
        self.clear();
        block::view(view, self.paint).iter().for_each(|line| super::error_line(line));
    }

    /// Leaves the region as it stands and goes on below it. After a Ctrl-C the cursor is not where it was left, because the
    /// terminal has echoed `^C`: redrawing would repeat a line.
    pub fn leave(&mut self) {
        self.region.set_draw_target(ProgressDrawTarget::hidden());
        if !self.lines.is_empty() {
            super::error_line("");
        }
        self.lines.clear();
    }

    /// Takes the region away.
    pub fn clear(&mut self) {
        for line in self.lines.drain(..) {
            line.finish_and_clear();
        }
        let _ = self.region.clear();
    }
}
