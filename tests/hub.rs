//! Downloads from a hub on this machine that breaks, lies, refuses and stalls on request.

#[path = "hub/server.rs"]
mod server;

use lexiscope::source::hub::Hub;
use lexiscope::trace::{Control, Progress, Stop};
use lexiscope::{Error, Result};
use server::{COMMIT, ID, Item, Request, Server, Twist, WEIGHTS, config, listing, noise, repository, weights};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use tempfile::TempDir;

fn model_folder(cache: &TempDir) -> PathBuf {
    cache.path().join("models--acme--tiny")
}

fn blob(cache: &TempDir, item: &Item) -> PathBuf {
    model_folder(cache).join("blobs").join(item.sum())
}

fn partial(cache: &TempDir, item: &Item) -> PathBuf {
    blob(cache, item).with_extension("incomplete")
}

fn fresh() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn fetch(hub: &Hub) -> Result<PathBuf> {
    hub.fetch(ID, &Control::default())
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).expect("the file can be read")
}

#[test]
fn a_model_arrives_in_the_layout_of_the_shared_cache_and_is_never_asked_for_again() {
    let (server, cache) = (Server::honest(), fresh());
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let log = Arc::clone(&seen);
    let control = Control::new(Stop::default(), move |p| log.lock().expect("no panic").push(p));

    let folder = server.hub(&cache).fetch(ID, &control).expect("an honest server");
    assert_eq!(folder, model_folder(&cache).join("snapshots").join(COMMIT));
    assert_eq!(read(model_folder(&cache).join("refs").join("main")), COMMIT.as_bytes());
    for item in repository().into_iter().take(4) {
        assert_eq!(read(folder.join(&item.0)), item.1, "{}", item.0);
        assert_eq!(read(blob(&cache, &item)), item.1, "{}", item.0);
        assert!(!partial(&cache, &item).exists());
        #[cfg(unix)]
        assert_eq!(
            fs::read_link(folder.join(&item.0)).expect("a link"),
            Path::new("../../blobs").join(item.sum()),
            "{}",
            item.0
        );
    }
    let asked: Vec<String> = server.requests().into_iter().map(|r| r.path).collect();
    let file = |name: &str| format!("/{ID}/resolve/{COMMIT}/{name}");
    let list = format!("/api/models/{ID}/revision/main?blobs=true");
    assert_eq!(asked, [list, file("config.json"), file("tokenizer.json"), file("vocab.txt"), file(WEIGHTS)]);

    let told = seen.lock().expect("no panic").clone();
    assert_eq!(told[0].stage, "Looking up acme/tiny");
    let last = Progress { stage: "Downloading model.safetensors".to_owned(), done: 300_000, total: 300_000 };
    assert_eq!(told.last(), Some(&last));

    assert_eq!(fetch(&server.hub(&cache)).expect("it is here"), folder);
    assert_eq!(server.requests().len(), 5, "the second time needs no network");
    let offline = Hub::new(&server.url(), cache.path(), true, None);
    assert_eq!(fetch(&offline).expect("nor does it need to be allowed"), folder);
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let cut = |r: &Request| if r.is_for(WEIGHTS) && r.before == 0 { Twist::Cut(100_000) } else { Twist::Honest };
    let (server, cache) = (Server::start(repository(), cut), fresh());
    let folder = fetch(&server.hub(&cache)).expect("the second try succeeds");
    assert_eq!(server.starts(WEIGHTS), [None, Some(100_000)]);
    assert_eq!(read(folder.join(WEIGHTS)), weights().1);
}

#[test]
fn a_server_that_sends_no_parts_starts_the_file_again() {
    let cut = |r: &Request| match r.before {
        0 if r.is_for(WEIGHTS) => Twist::Cut(100_000),
        _ => Twist::Whole,
    };
    let (server, cache) = (Server::start(repository(), cut), fresh());
    let folder = fetch(&server.hub(&cache)).expect("the second try brings all of it");
    assert_eq!(server.starts(WEIGHTS), [None, Some(100_000)]);
    assert_eq!(read(folder.join(WEIGHTS)), weights().1);
}

#[test]
fn a_server_that_always_breaks_is_given_up_and_the_partial_file_kept() {
    let cut = |r: &Request| if r.is_for(WEIGHTS) { Twist::WholeCut(100_000) } else { Twist::Honest };
    let (server, cache) = (Server::start(repository(), cut), fresh());
    let error = fetch(&server.hub(&cache)).expect_err("it never arrives");
    assert!(matches!(&error, Error::Network { url, .. } if url.ends_with(WEIGHTS)), "{error}");
    assert_eq!(server.starts(WEIGHTS), [None, Some(100_000), Some(100_000), Some(100_000)]);
    assert_eq!(read(partial(&cache, &weights())), weights().1[..100_000]);
    assert_eq!(server.hub(&cache).cached(ID), None);
    assert!(!model_folder(&cache).join("refs").join("main").exists());
}

#[test]
fn a_busy_server_is_asked_again() {
    let busy = |r: &Request| match r.before {
        0 if r.is_list() => Twist::Status(429),
        0 if r.is_for("config.json") => Twist::Status(503),
        _ => Twist::Honest,
    };
    let (server, cache) = (Server::start(repository(), busy), fresh());
    fetch(&server.hub(&cache)).expect("it is patient");
}

#[test]
fn a_stopped_download_goes_on_in_the_next_session() {
    let hold = |r: &Request| {
        if r.is_for(WEIGHTS) && r.before == 0 { Twist::Hold(150_000) } else { Twist::Honest }
    };
    let (server, cache) = (Server::start(repository(), hold), fresh());
    let stop = Stop::default();
    let end = stop.clone();
    let control = Control::new(stop, move |p| {
        if p.stage.ends_with(WEIGHTS) && p.done == 150_000 {
            end.set();
        }
    });
    let error = server.hub(&cache).fetch(ID, &control).expect_err("it is stopped");
    assert!(error.is_stopped(), "{error}");
    assert_eq!(read(partial(&cache, &weights())), weights().1[..150_000]);

    let folder = fetch(&server.hub(&cache)).expect("it goes on");
    assert_eq!(server.starts(WEIGHTS), [None, Some(150_000)]);
    assert_eq!(server.starts("config.json"), [None], "what was complete is not downloaded again");
    assert_eq!(read(folder.join(WEIGHTS)), weights().1);
}

#[test]
fn a_stop_before_the_first_request_makes_none() {
    let (server, cache, stop) = (Server::honest(), fresh(), Stop::default());
    stop.set();
    let error = server.hub(&cache).fetch(ID, &Control::new(stop, |_| {})).expect_err("it is stopped");
    assert!(error.is_stopped(), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn damaged_files_are_thrown_away() {
    for item in [config(), weights()] {
        let mut bytes = item.1.clone();
        bytes[7] ^= 1;
        let name = item.0.clone();
        let lie = move |r: &Request| if r.is_for(&name) { Twist::Bytes(bytes.clone()) } else { Twist::Honest };
        let (server, cache) = (Server::start(repository(), lie), fresh());
        let error = fetch(&server.hub(&cache)).expect_err("the checksum is another");
        assert!(matches!(&error, Error::Network { what, .. } if what.contains("checksum")), "{error}");
        assert!(!partial(&cache, &item).exists() && !blob(&cache, &item).exists());
        assert_eq!(server.hub(&cache).cached(ID), None);
    }
}

#[test]
fn an_old_partial_file_that_does_not_belong_is_found_out() {
    let (server, cache) = (Server::honest(), fresh());
    let left = partial(&cache, &weights());
    fs::create_dir_all(left.parent().expect("it has one")).expect("a folder");
    fs::write(&left, [0; 1000]).expect("it can be written");
    let error = fetch(&server.hub(&cache)).expect_err("the beginning is wrong");
    assert!(error.to_string().contains("checksum"), "{error}");
    fetch(&server.hub(&cache)).expect("the next time starts clean");
    assert_eq!(server.starts(WEIGHTS), [Some(1000), None]);

    let cache = fresh();
    let left = partial(&cache, &weights());
    fs::create_dir_all(left.parent().expect("it has one")).expect("a folder");
    fs::write(&left, noise(300_001)).expect("it can be written");
    fetch(&server.hub(&cache)).expect("one that is too long is started again at once");
}

#[test]
fn a_wrong_length_is_noticed_before_and_while_the_file_arrives() {
    for twist in [Twist::Bytes, Twist::Unmeasured] {
        let lie = move |r: &Request| if r.is_for(WEIGHTS) { twist(noise(300_010)) } else { Twist::Honest };
        let (server, cache) = (Server::start(repository(), lie), fresh());
        let error = fetch(&server.hub(&cache)).expect_err("ten bytes too many");
        assert!(matches!(&error, Error::Network { what, .. } if what.contains("bytes")), "{error}");
        assert!(!blob(&cache, &weights()).exists());
        assert_eq!(server.starts(WEIGHTS).len(), 1);
    }
}

#[test]
fn a_boastful_list_costs_no_memory() {
    let mut list = listing(&repository());
    list["siblings"][3]["size"] = u64::MAX.into();
    let bytes = list.to_string().into_bytes();
    let lie = move |r: &Request| if r.is_list() { Twist::Bytes(bytes.clone()) } else { Twist::Honest };
    let (server, cache) = (Server::start(repository(), lie), fresh());
    let error = fetch(&server.hub(&cache)).expect_err("the file is not that long");
    assert!(matches!(error, Error::Network { .. }), "{error}");
}

#[test]
fn names_and_commits_that_lead_out_of_the_cache_are_refused() {
    let mut lies = Vec::new();
    for name in ["../../escaped", "/escaped", "a\\escaped", "a/../../escaped", "escaped\0.json", "C:escaped"] {
        let mut list = listing(&repository());
        list["siblings"][4]["rfilename"] = name.into();
        lies.push(list);
    }
    for commit in ["../../../escaped", "", "main", "0123456789abcdef0123456789abcdef0123456/"] {
        let mut list = listing(&repository());
        list["sha"] = commit.into();
        lies.push(list);
    }
    for list in lies {
        let bytes = list.to_string().into_bytes();
        let lie = move |_: &Request| Twist::Bytes(bytes.clone());
        let (server, cache) = (Server::start(Vec::new(), lie), fresh());
        let error = fetch(&server.hub(&cache)).expect_err("it leads out");
        assert!(matches!(error, Error::Network { .. }), "{error}");
        assert_eq!(server.requests().len(), 1);
        assert_eq!(fs::read_dir(cache.path()).expect("the cache").count(), 0, "nothing was written");
    }
}

#[test]
fn an_answer_that_is_no_list_or_has_no_end_is_refused() {
    for body in [b"<html>Sign in to the network</html>".to_vec(), vec![b' '; 17 << 20]] {
        let lie = move |_: &Request| Twist::Bytes(body.clone());
        let (server, cache) = (Server::start(Vec::new(), lie), fresh());
        let error = fetch(&server.hub(&cache)).expect_err("it is no list");
        assert!(matches!(error, Error::Network { .. }), "{error}");
    }
}

#[test]
fn a_split_model_arrives_with_all_its_shards() {
    let json = br#"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#.to_vec();
    let index = "model.safetensors.index.json".to_owned();
    let items = vec![
        config(),
        Item("tokenizer.json".to_owned(), br#"{"version":"1.0"}"#.to_vec(), repository()[1].2),
        Item(index.clone(), json, Some("b209940785abd9d1953c29ca537c44dd191c087f")),
        Item::large("model-1.safetensors", noise(100)),
        Item::large("model-2.safetensors", noise(200)),
        Item::large("model-3.safetensors", noise(300)),
    ];
    let (server, cache) = (Server::start(items, |_| Twist::Honest), fresh());
    let folder = fetch(&server.hub(&cache)).expect("it is complete");
    assert_eq!(read(folder.join("model-1.safetensors")), noise(100));
    assert_eq!(read(folder.join("model-2.safetensors")), noise(200));
    assert!(server.starts("model-3.safetensors").is_empty(), "the index does not name it");

    let json = br#"{"weight_map":{"a":"../evil.safetensors"}}"#.to_vec();
    let items =
        vec![config(), repository()[2].clone(), Item(index, json, Some("3cd15740dbc393ac1893f7b4054990b07112d75e"))];
    let (server, cache) = (Server::start(items, |_| Twist::Honest), fresh());
    let error = fetch(&server.hub(&cache)).expect_err("the index leads out");
    assert!(matches!(error, Error::Format { .. }), "{error}");
}

#[test]
fn a_model_that_is_not_there_or_not_for_everybody_says_so() {
    for status in [401, 403, 404] {
        let (server, cache) = (Server::start(repository(), move |_| Twist::Status(status)), fresh());
        let without = fetch(&server.hub(&cache)).expect_err("it is refused").to_string();
        assert!(without.contains(ID) && without.contains(&status.to_string()), "{without}");
        assert!(without.contains("gated") && without.contains("HF_TOKEN"), "{without}");
        let hub = Hub::new(&server.url(), cache.path(), false, Some("hf_secret"));
        let with = fetch(&hub).expect_err("it is refused");
        assert!(matches!(with, Error::NoModel { .. }), "{with}");
        assert!(!with.to_string().contains("hf_secret"), "{with}");
        let tokens: Vec<Option<String>> = server.requests().into_iter().map(|r| r.token).collect();
        assert_eq!(tokens, [None, Some("Bearer hf_secret".to_owned())], "a refusal is final");
    }
    let gated = |r: &Request| if r.is_list() { Twist::Honest } else { Twist::Status(403) };
    let (server, cache) = (Server::start(repository(), gated), fresh());
    let error = fetch(&server.hub(&cache)).expect_err("the list is public, the files are not");
    assert!(matches!(error, Error::NoModel { .. }), "{error}");
}

#[test]
fn a_repository_without_configuration_or_weights_is_no_model() {
    let with = |items: &[Item], names: &[&str]| {
        let more = names.iter().map(|name| Item::large(name, noise(9)));
        items.iter().cloned().chain(more).collect::<Vec<Item>>()
    };
    let bare = [config(), weights()];
    for (items, missing) in [
        (repository()[1..6].to_vec(), "config.json"),
        (repository()[0..3].to_vec(), "weights"),
        (bare.to_vec(), "no file of one"),
        (with(&bare, &["tokenizer_config.json", "spiece.model"]), "there is tokenizer_config.json, spiece.model"),
        (with(&bare, &["vocab.json", "onnx/tokenizer.json"]), "there is vocab.json"),
    ] {
        let (server, cache) = (Server::start(items, |_| Twist::Honest), fresh());
        let error = fetch(&server.hub(&cache)).expect_err("it is incomplete");
        assert!(matches!(&error, Error::NoModel { why, .. } if why.contains(missing)), "{error}");
        assert_eq!(server.requests().len(), 1, "nothing is downloaded in vain");
    }
}

#[test]
fn a_token_goes_to_no_other_host() {
    let store = Server::honest();
    let elsewhere = format!("http://localhost:{}", store.port);
    let lead = move |r: &Request| match r.path.as_str() {
        _ if r.is_for(WEIGHTS) => Twist::Redirect(format!("{elsewhere}{}", r.path)),
        path if path.starts_with("/acme/") => Twist::Redirect(path.replacen("/acme/", "/api-cache/acme/", 1)),
        _ => Twist::Honest,
    };
    let (server, cache) = (Server::start(repository(), lead), fresh());
    let left = partial(&cache, &weights());
    fs::create_dir_all(left.parent().expect("it has one")).expect("a folder");
    fs::write(&left, &weights().1[..1000]).expect("it can be written");

    let hub = Hub::new(&server.url(), cache.path(), false, Some("hf_secret"));
    let folder = fetch(&hub).expect("it follows");
    assert_eq!(read(folder.join(WEIGHTS)), weights().1);
    assert!(server.requests().iter().all(|r| r.token.as_deref() == Some("Bearer hf_secret")), "the hub gets it");
    let there = store.requests();
    assert_eq!(there.len(), 1);
    assert_eq!((there[0].from, there[0].token.as_deref()), (Some(1000), None), "the part is kept, the token is not");
}

#[test]
fn offline_means_no_request() {
    let (server, cache) = (Server::honest(), fresh());
    let error = fetch(&Hub::new(&server.url(), cache.path(), true, None)).expect_err("it is not here");
    assert!(matches!(&error, Error::NoModel { name, why } if name == ID && why.contains("HF_HUB_OFFLINE")), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_cache_that_another_library_wrote_is_read() {
    let cache = fresh();
    let root = cache.path().join("models--gpt2");
    let folder = root.join("snapshots").join(COMMIT);
    fs::create_dir_all(&folder).and_then(|()| fs::create_dir_all(root.join("refs"))).expect("folders");
    fs::write(root.join("refs").join("main"), COMMIT).expect("it can be written");
    let hub = Hub::new("http://127.0.0.1:9", cache.path(), true, None);
    fs::write(folder.join("config.json"), "{}").expect("it can be written");
    assert_eq!(hub.cached("gpt2"), None, "it has no weights");
    fs::write(folder.join("pytorch_model.bin"), "weights").expect("it can be written");
    assert_eq!(hub.cached("gpt2").as_deref(), Some(folder.as_path()));
    assert_eq!(hub.fetch("gpt2", &Control::default()).expect("the weights are all it has"), folder);
    assert_eq!(hub.cached("../gpt2"), None);

    fs::write(root.join("refs").join("main"), "../../elsewhere").expect("it can be written");
    assert_eq!(hub.cached("gpt2"), None, "a commit is forty digits");
}

#[test]
fn weights_that_another_library_fetched_alone_get_their_tokenizer() {
    let (server, cache) = (Server::honest(), fresh());
    let folder = model_folder(&cache).join("snapshots").join(COMMIT);
    let refs = model_folder(&cache).join("refs");
    fs::create_dir_all(&folder).and_then(|()| fs::create_dir_all(&refs)).expect("folders");
    fs::write(refs.join("main"), COMMIT).expect("it can be written");
    fs::write(folder.join("config.json"), config().1).expect("it can be written");
    fs::write(folder.join(WEIGHTS), weights().1).expect("it can be written");
    fs::write(folder.join("tokenizer_config.json"), "{}").expect("it can be written");
    assert_eq!(fetch(&server.hub(&cache)).expect("an honest server"), folder);
    assert_eq!(read(folder.join("vocab.txt")), b"[PAD]\n[UNK]\n");
    assert!(server.starts(WEIGHTS).is_empty() && server.starts("config.json").is_empty());
}

#[test]
fn two_downloads_of_one_model_do_not_mix() {
    let (server, cache) = (Server::honest(), fresh());
    let work = |name: &str| {
        let hub = server.hub(&cache);
        Builder::new().name(name.to_owned()).spawn(move || fetch(&hub)).expect("a thread")
    };
    for thread in [work("first"), work("second")] {
        let folder = thread.join().expect("no panic").expect("both succeed");
        assert_eq!(read(folder.join(WEIGHTS)), weights().1);
    }
    assert_eq!(server.starts(WEIGHTS).len(), 1, "the second finds what the first brought");
}

/// `/dev/full` stands in for the partial file: every write to it says that the disk is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_with_the_file() {
    let (server, cache) = (Server::honest(), fresh());
    let at = partial(&cache, &weights());
    fs::create_dir_all(at.parent().expect("it has one")).expect("a folder");
    std::os::unix::fs::symlink("/dev/full", &at).expect("a link");
    let error = fetch(&server.hub(&cache)).expect_err("nothing can be written");
    let is_full = |e: &std::io::Error| e.kind() == std::io::ErrorKind::StorageFull;
    assert!(matches!(&error, Error::Io { path, source } if *path == at && is_full(source)), "{error}");
    assert_eq!(error.remedy(), Some("Free some disk space and try again."));
    assert!(at.symlink_metadata().is_ok(), "what was there is kept");
    assert_eq!(server.starts(WEIGHTS).len(), 1, "a full disk is not tried again");
}

#[test]
fn a_cache_that_cannot_be_made_is_named() {
    let (server, cache) = (Server::honest(), fresh());
    let file = cache.path().join("file");
    fs::write(&file, "not a folder").expect("it can be written");
    let error = fetch(&Hub::new(&server.url(), &file, false, None)).expect_err("there is no folder");
    assert!(matches!(&error, Error::Io { path, .. } if path.starts_with(&file)), "{error}");
}

#[test]
fn a_hub_that_cannot_be_reached_is_named() {
    // Nothing listens on a port this low.
    let (url, cache) = ("http://127.0.0.1:1", fresh());
    let error = fetch(&Hub::new(url, cache.path(), false, None)).expect_err("nobody listens");
    assert!(matches!(&error, Error::Network { url: at, .. } if at.starts_with(url)), "{error}");
}
