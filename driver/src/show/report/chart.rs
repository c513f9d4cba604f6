//! Charts as inline SVG. A plot's lines stretch with the page, its words are ordinary text beside it, so that they are as large on a
//! phone as anywhere; two lines differ in their dashes and not by colour alone. No chart is the only place of its data.

use std::fmt::Write as _;

use super::page::escaped;

/// A line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// What it is.
    pub(super) name: String,
    /// `green`, `blue`: its class in the style sheet.
    pub(super) class: &'static str,
    /// Both from 0 to 1, from the lower left.
    pub(super) points: Vec<(f64, f64)>,
}

/// Axis and lines.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plot {
    /// The whole in one sentence, for whoever does not see it.
    pub(super) label: String,
    /// The words at the bottom and the top of the upright axis.
    pub(super) upright: [String; 2],
    /// Words along the other one, evenly.
    pub(super) along: Vec<String>,
    /// The lines.
    pub(super) lines: Vec<Line>,
}

/// A bar from one share of the whole to another.
pub(super) fn bar(from: f64, to: f64, class: &str) -> String {
    let from = from.clamp(0.0, 1.0) * 100.0;
    // An event that took milliseconds is to be seen too.
    let width = (to.clamp(0.0, 1.0) * 100.0 - from).max(0.6).min(100.0 - from.min(99.4));
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">\
         <rect class=\"rail\" x=\"0\" y=\"4\" width=\"100\" height=\"2\"/>\
         <rect class=\"{class}\" x=\"{:.2}\" y=\"0\" width=\"{width:.2}\" height=\"10\"/></svg>",
        from.min(99.4)
    )
}

/// The plot as a figure's content.
pub(super) fn plot(plot: &Plot) -> String {
    let mut text = String::from("<div class=\"plot\">\n<div class=\"upright\" aria-hidden=\"true\">");
    let [bottom, top] = &plot.upright;
    let _ = writeln!(text, "<span>{}</span><span>{}</span></div>", escaped(top), escaped(bottom));
    let _ = write!(
        text,
        "<svg viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escaped(&plot.label)
    );
    for height in [0, 25, 50, 75, 100] {
        let _ = write!(text, "<line class=\"grid\" x1=\"0\" x2=\"100\" y1=\"{height}\" y2=\"{height}\"/>");
    }
    for line in &plot.lines {
        let points: Vec<_> =
            line.points.iter().map(|(x, y)| format!("{:.2},{:.2}", x * 100.0, 100.0 - y * 100.0)).collect();
        let _ = write!(text, "<polyline class=\"line {}\" points=\"{}\"/>", line.class, points.join(" "));
    }
    text.push_str("</svg>\n<div class=\"along\" aria-hidden=\"true\">");
    for word in &plot.along {
        let _ = write!(text, "<span>{}</span>", escaped(word));
    }
    text.push_str("</div>\n</div>\n");
    if plot.lines.len() > 1 {
        text.push_str("<ul class=\"legend\">");
        for line in &plot.lines {
            let _ = write!(
                text,
                "<li><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\"><polyline class=\"line {}\" points=\"0,5 100,5\"/></svg>{}</li>",
                line.class,
                escaped(&line.name)
            );
        }
        text.push_str("</ul>\n");
    }
    text
}

/// A step chart's points: each value holds until the next one.
pub(super) fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut stepped: Vec<(f64, f64)> = Vec::new();
    for (x, y) in points {
        if let Some((_, before)) = stepped.last().copied() {
            stepped.push((*x, before));
        }
        stepped.push((*x, *y));
    }
    stepped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_until_the_next_one() {
        assert_eq!(steps(&[(0.0, 0.1), (0.5, 1.0)]), [(0.0, 0.1), (0.5, 0.1), (0.5, 1.0)]);
    }

    #[test]
    fn a_bar_of_no_length_at_the_very_end_is_still_seen() {
        assert!(bar(1.0, 1.0, "good").contains("x=\"99.40\" y=\"0\" width=\"0.60\""));
        assert!(bar(0.25, 0.5, "good").contains("x=\"25.00\" y=\"0\" width=\"25.00\""));
    }

    #[test]
    fn a_plot_tells_its_label_and_draws_upwards() {
        let line = Line { name: "green".to_owned(), class: "green", points: vec![(0.0, 0.0), (1.0, 0.5)] };
        let words = || ["0 ms".to_owned(), "40 ms".to_owned()];
        let told =
            plot(&Plot { label: "a < b".to_owned(), upright: words(), along: words().into(), lines: vec![line] });
        assert!(told.contains("role=\"img\" aria-label=\"a &lt; b\""), "{told}");
        assert!(told.contains("points=\"0.00,100.00 100.00,50.00\""), "{told}");
        assert!(!told.contains("legend"), "one line needs none: {told}");
    }
}
