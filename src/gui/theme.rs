//! Fonts, colours and spacing of the window, all from the figures' palette.

use super::settings::Theme;
use crate::figure::{Colour, Palette, fonts, size};
use egui::epaint::text::{FontData, FontDefinitions, FontFamily};
use egui::{Color32, Context, CornerRadius, FontId, Margin, Stroke, Style, TextStyle, ThemePreference, Vec2, Visuals};
use std::sync::Arc;

/// The height of a control.
pub const CONTROL: f32 = 24.0;
/// Padding inside panels.
pub const PADDING: i8 = 12;

/// A colour as egui has it.
#[expect(clippy::disallowed_methods, reason = "the one place where palette colours become egui's")]
pub fn colour(Colour(r, g, b, a): Colour) -> Color32 {
    Color32::from_rgba_unmultiplied(r, g, b, a)
}

/// The family of headings.
pub fn bold() -> FontFamily {
    FontFamily::Name("bold".into())
}

/// Headings of panels.
pub fn heading() -> FontId {
    FontId::new(size::HEADING, bold())
}

/// The one large line.
pub fn title() -> FontId {
    FontId::new(size::TITLE, bold())
}

/// Tokens and numbers.
pub fn mono() -> FontId {
    FontId::new(size::BODY, FontFamily::Monospace)
}

/// The palette of the theme that is on.
pub fn palette(ctx: &Context) -> &'static Palette {
    Palette::of(ctx.theme() == egui::Theme::Dark)
}

/// Installs fonts and both themes; done once.
pub fn install(ctx: &Context) {
    let mut definitions = FontDefinitions::default();
    let shipped =
        [("inter", fonts::UI), ("inter-bold", fonts::BOLD), ("mono", fonts::MONO), ("fallback", fonts::FALLBACK)];
    for (name, data) in shipped {
        definitions.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(data)));
    }
    // egui's own faces stay at the end: they have the emoji.
    let emoji = definitions.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let families: [(FontFamily, &[&str]); 3] = [
        (FontFamily::Proportional, &["inter", "fallback"]),
        (bold(), &["inter-bold", "fallback"]),
        // The sign of a line break is in none of the others.
        (FontFamily::Monospace, &["mono", "fallback", "inter"]),
    ];
    for (family, own) in families {
        let names = own.iter().map(|s| (*s).to_owned()).chain(emoji.iter().cloned()).collect();
        definitions.families.insert(family, names);
    }
    ctx.set_fonts(definitions);
    for theme in [egui::Theme::Dark, egui::Theme::Light] {
        ctx.style_mut_of(theme, |style| dress(style, Palette::of(theme == egui::Theme::Dark)));
    }
}

/// Puts the person's choice into effect.
pub fn choose(ctx: &Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::System => ThemePreference::System,
        Theme::Dark => ThemePreference::Dark,
        Theme::Light => ThemePreference::Light,
    });
}

fn dress(style: &mut Style, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, FontId::new(size::SMALL, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(size::BODY, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(size::BODY, FontFamily::Proportional)),
        (TextStyle::Monospace, mono()),
        (TextStyle::Heading, heading()),
    ]
    .into();
    style.spacing.item_spacing = Vec2::new(8.0, 8.0);
    style.spacing.button_padding = Vec2::new(8.0, 3.0);
    style.spacing.interact_size = Vec2::new(24.0, CONTROL);
    style.spacing.window_margin = Margin::same(PADDING);
    style.spacing.menu_margin = Margin::same(4);
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.0;
    style.visuals = visuals(palette);
}

fn visuals(palette: &Palette) -> Visuals {
    let mut v = if palette.dark { Visuals::dark() } else { Visuals::light() };
    let (panel, line, text, muted) =
        (colour(palette.panel), colour(palette.line), colour(palette.text), colour(palette.muted));
    let (accent, raised) = (colour(palette.accent), colour(palette.raised));
    v.panel_fill = panel;
    v.window_fill = panel;
    v.window_stroke = Stroke::new(1.0, line);
    v.extreme_bg_color = colour(palette.background);
    v.text_edit_bg_color = Some(colour(palette.background));
    v.faint_bg_color = raised;
    v.code_bg_color = raised;
    v.hyperlink_color = accent;
    v.error_fg_color = colour(palette.error);
    v.warn_fg_color = colour(palette.error);
    v.weak_text_color = Some(muted);
    v.selection.bg_fill = accent.gamma_multiply(0.35);
    v.selection.stroke = Stroke::new(1.0, text);
    v.window_corner_radius = CornerRadius::same(4);
    v.menu_corner_radius = CornerRadius::same(4);
    let widgets = &mut v.widgets;
    let states = [
        (&mut widgets.noninteractive, panel, line, text),
        (&mut widgets.inactive, raised, line, text),
        (&mut widgets.hovered, raised, accent, text),
        (&mut widgets.active, raised, accent, text),
        (&mut widgets.open, raised, accent, text),
    ];
    for (widget, fill, border, ink) in states {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, border);
        widget.fg_stroke = Stroke::new(1.0, ink);
        widget.corner_radius = CornerRadius::same(4);
        widget.expansion = 0.0;
    }
    v
}
