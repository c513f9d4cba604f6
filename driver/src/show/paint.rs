//! Colours, or none. Nothing is said by colour alone.

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    /// With colours when wanted.
    pub fn new(wanted: bool) -> Self {
        Self(wanted)
    }

    /// Without colours.
    pub fn off() -> Self {
        Self(false)
    }

    /// For what went well.
    pub fn green(self, text: &str) -> String {
        self.wrapped("32", text)
    }

    /// For what went wrong.
    pub fn red(self, text: &str) -> String {
        self.wrapped("31", text)
    }

    /// For what is odd.
    pub fn yellow(self, text: &str) -> String {
        self.wrapped("33", text)
    }

    /// For what is under way.
    pub fn cyan(self, text: &str) -> String {
        self.wrapped("36", text)
    }

    /// For what matters.
    pub fn bold(self, text: &str) -> String {
        self.wrapped("1", text)
    }

    /// For what matters less.
    pub fn dim(self, text: &str) -> String {
        self.wrapped("2", text)
    }

    fn wrapped(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
