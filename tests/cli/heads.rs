//! What `heads` measures.

use crate::program::{TEXT, attend, bundled, done, folder, lexiscope, names, refused, stderr};
use crate::written::{read_csv, read_npz};
use serde_json::Value;
use std::path::Path;

/// Header and rows of a table.
fn table(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut rows = read_csv(&std::fs::read_to_string(path).expect("it is there"));
    (rows.remove(0), rows)
}

const HEADS: &str =
    "layer,head,entropy,distance,confidence,self,previous,next,same_token,induction,first,delimiter,sink_share,label";

#[test]
fn heads_are_measured_on_a_text() {
    let folder = folder();
    let out = folder.path().join("h.csv");
    let model = bundled().to_string_lossy().into_owned();
    done(lexiscope(["heads", &model, "--text", TEXT, "--out", &out.to_string_lossy()]));
    let (header, rows) = table(&out);
    assert_eq!(header[..14].join(","), HEADS);
    assert_eq!(rows.len(), 32);
    assert!(header.iter().all(|name| !name.ends_with("_low")), "one text has no intervals");
    // What a reader computes from the weights themselves: all rows are means over 11 queries, 9 of them of the text.
    let npz = folder.path().join("x.npz");
    done(attend(&["--text", TEXT], &npz));
    let written = read_npz(&npz);
    let weights = written.values("attentions");
    for (i, row) in rows.iter().enumerate() {
        let head = &weights[i * 121..][..121];
        let entropy: f64 = head.iter().filter(|w| **w > 0.0).map(|&w| -f64::from(w) * f64::from(w).ln()).sum();
        let sink: f32 = (1..10).map(|q| head[q * 11] + head[q * 11 + 10]).sum();
        for (column, wanted) in [(2, entropy / 11.0), (12, f64::from(sink) / 9.0)] {
            assert!((row[column].parse::<f64>().expect("a number") - wanted).abs() < 1e-6, "{row:?}");
        }
    }
    let column = |name: &str| header.iter().position(|found| found == name).expect("a column");
    let (n, induction) = (column("n"), column("induction_n"));
    assert!(rows.iter().all(|row| row[n] == "9" && row[induction] == "1"), "one word, `the`, comes twice");
}

#[test]
fn heads_are_measured_over_a_treebank() {
    let folder = folder();
    let (out, evidence) = (folder.path().join("h.json"), folder.path().join("e.csv"));
    let model = bundled().to_string_lossy().into_owned();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/treebank.conllu");
    let corpus = corpus.to_string_lossy();
    let (to, edges) = (out.to_string_lossy(), evidence.to_string_lossy());
    let output = done(lexiscope(["heads", &model, "--corpus", &corpus, "--evidence", &edges, "--out", &to]));
    assert!(stderr(&output).contains("left out of the relations"), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["e.csv", "h.json", "h.relations.csv"]);
    let json: Value = serde_json::from_slice(&std::fs::read(&out).expect("it is there")).expect("JSON");
    assert_eq!(json["rows"].as_array().expect("rows").len(), 32);
    let low = json["rows"][5]["previous_low"].as_f64().expect("an interval");
    assert!(low <= json["rows"][5]["previous"].as_f64().expect("a mean"));
    let (header, rows) = table(&folder.path().join("h.relations.csv"));
    assert_eq!(header.join(","), "layer,head,relation,direction,accuracy,baseline_offset,baseline,lift,n,low,high");
    assert_eq!(rows.len() % 32, 0);
    assert!(rows.iter().any(|row| row[2..4] == ["obj", "head->dependent"]));
    let (header, rows) = table(&evidence);
    let wanted = "layer,head,kind,rank,line,query,key,query_piece,key_piece,offset,weight,text";
    assert_eq!((header.join(",").as_str(), rows.len()), (wanted, 32 * 40));
}

#[test]
fn a_corpus_at_fault_is_named_with_its_line() {
    let folder = folder();
    let path = folder.path().join("c.conllu");
    std::fs::write(&path, "1\tA\t_\n").expect("it is written");
    let (model, corpus) = (bundled().to_string_lossy().into_owned(), path.to_string_lossy().into_owned());
    let out = folder.path().join("h.csv").to_string_lossy().into_owned();
    let message = refused(&lexiscope(["heads", &model, "--corpus", &corpus, "--out", &out]), 1);
    assert!(message.contains("c.conllu: line 1: 3 columns"), "{message}");
    let wrong = folder.path().join("h.npz").to_string_lossy().into_owned();
    let message = refused(&lexiscope(["heads", &model, "--text", TEXT, "--out", &wrong]), 2);
    assert!(message.contains("csv or json"), "{message}");
    refused(&lexiscope(["heads", &model, "--out", &out]), 2);
}
