//! The sheet that writes files.

use crate::export::Format;
use crate::gui::action::{Action, Actions, ExportOf};
use crate::gui::command::Command;
use crate::gui::scene::Workspace;
use crate::gui::space::What;
use crate::gui::state::State;
use crate::gui::words::files::FILES;
use crate::gui::words::recurrent::RECURRENT;
use crate::gui::words::space::save::SAVE;
use crate::gui::words::{EN, fill};
use crate::gui::{picture, theme, widgets};
use egui::{Button, DragValue, Id, Key, TextEdit, Ui, Vec2};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Default)]
struct Local {
    of: ExportOf,
    path: String,
}

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, is_new: bool) {
    let id = Id::unique("export sheet");
    let fresh = |of| Local { of, path: suggested(state, of) };
    let mut local: Local = if is_new {
        fresh(ExportOf::Head)
    } else {
        ui.data(|d| d.get_temp(id)).unwrap_or_else(|| fresh(ExportOf::Head))
    };
    let is_space = state.scene.workspace == Workspace::Embeddings;
    widgets::sheet_width(ui, 460.0);
    widgets::heading(ui, EN.export_title);
    ui.horizontal(|ui| {
        let of_space = What::ALL.map(|what| (ExportOf::Space(what), what.label()));
        let kinds = if is_space {
            [&[(ExportOf::Head, SAVE.map)][..], &of_space].concat()
        } else if state.scene.workspace == Workspace::Recurrent {
            vec![(ExportOf::Head, RECURRENT.trace)]
        } else {
            vec![
                (ExportOf::Head, EN.export_picture),
                (ExportOf::Grid, EN.export_grid),
                (ExportOf::Numbers, EN.export_numbers),
            ]
        };
        for (of, label) in kinds {
            if ui.add(Button::selectable(local.of == of, label).frame_when_inactive(true)).clicked() {
                local = fresh(of);
            }
        }
    });
    let format = Format::of(Path::new(&local.path));
    ui.horizontal(|ui| {
        let ending = Path::new(&local.path).extension().unwrap_or_default().to_string_lossy().to_lowercase();
        for name in crate::gui::export::endings(local.of) {
            let on = ending == name;
            let button = ui.add(Button::selectable(on, name).frame_when_inactive(true));
            if widgets::named(button, name).on_hover_text(fill(FILES.format_tip, &[name])).clicked() {
                local.path = Path::new(&local.path).with_extension(name).to_string_lossy().into_owned();
            }
        }
        if format.as_ref().is_ok_and(|format| *format == Format::Png) {
            let mut scale = state.settings.png_scale;
            let drag = DragValue::new(&mut scale).range(0.5..=8.0).speed(0.05).suffix("\u{d7}");
            let drag = widgets::named(ui.add(drag), FILES.png_scale).on_hover_text(FILES.png_scale_tip);
            if drag.changed() {
                actions.ask(Action::PngScale(scale));
            }
            widgets::muted(ui, FILES.png_scale);
        }
    });
    let fits = crate::gui::export::check(local.of, Path::new(&local.path));
    match (&fits, &format) {
        (Err(error), _) => ui.colored_label(theme::colour(theme::palette(ui.ctx()).error), error.to_string()),
        _ if let ExportOf::Space(what) = local.of => widgets::muted(ui, what.note()),
        (_, Ok(Format::Csv)) => widgets::muted(ui, FILES.csv_note),
        _ => widgets::muted(ui, EN.export_hint),
    };
    let mut entered = false;
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut local.path)
            .desired_width(ui.available_width() - 96.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, theme::CONTROL));
        let field = widgets::named(ui.add(field), EN.export_path);
        entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if ui.add(Button::new(EN.choose).min_size(Vec2::new(80.0, theme::CONTROL))).clicked() {
            actions.ask(Action::ExportAs(local.of));
        }
    });
    ui.horizontal(|ui| {
        let is_there = match state.scene.workspace {
            Workspace::Embeddings => state.space.space.is_some(),
            Workspace::Recurrent => state.recurrent.current().is_some(),
            Workspace::Attention => state.run().is_some(),
        };
        let ready = is_there && fits.is_ok();
        let save = ui.add_enabled(ready, Button::new(EN.save).min_size(Vec2::new(80.0, theme::CONTROL)));
        if (save.on_disabled_hover_text(EN.export_hint).clicked() || entered) && ready {
            actions.ask(Action::Export(PathBuf::from(&local.path), local.of));
        }
        widgets::command(ui, actions, Command::CopyPicture);
        widgets::command(ui, actions, Command::CopyValues);
    });
    ui.data_mut(|d| d.insert_temp(id, local));
}

/// A file in the person's pictures or documents, else where the program was started.
fn suggested(state: &State, of: ExportOf) -> String {
    let folder = match of {
        ExportOf::Numbers | ExportOf::Space(_) => dirs::document_dir(),
        ExportOf::Head | ExportOf::Grid => dirs::picture_dir(),
    };
    let folder = folder.filter(|f| f.is_dir()).or_else(dirs::home_dir).unwrap_or_default();
    folder.join(picture::file_name(state, of)).to_string_lossy().into_owned()
}
