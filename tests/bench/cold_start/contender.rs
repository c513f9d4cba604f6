//! The three hooks, installed under `target/bench` with pinned dependencies. What each needs is in its own folder under
//! `tests/bench/peers`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One check, and nothing else: what the others do.
const PLAN: &str = "version: 1
hooks: { AfterAllowTestTraffic: [health] }
checks:
  - id: health
    http: { get: /healthz }
    expect: { status: 200 }
";

/// A hook that can be started.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<PathBuf>,
    pub(crate) folder: PathBuf,
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) package_bytes: u64,
}

impl Contender {
    /// All of them, ours first.
    pub(crate) fn all() -> Result<Vec<Self>, String> {
        let home = root().join("target/bench/cold-start");
        fs::create_dir_all(&home).map_err(|error| error.to_string())?;
        Ok(vec![greenlight(&home)?, node(&home)?, python(&home)?])
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace root exists")
}

fn greenlight(home: &Path) -> Result<Contender, String> {
    run(&mut Command::new(root().join("functions/package")))?;
    let package = root().join("target/lambda/after-allow-test-traffic/bootstrap.zip");
    let folder = emptied(home.join("greenlight"))?;
    let unpack = "import os, sys, zipfile\nfor entry in zipfile.ZipFile(sys.argv[1]).infolist():\n    path = zipfile.ZipFile(sys.argv[1]).extract(entry, sys.argv[2])\n    os.chmod(path, entry.external_attr >> 16)\n";
    run(Command::new("python3").args(["-c", unpack]).arg(&package).arg(&folder))?;
    fs::write(folder.join("bench.yaml"), PLAN).map_err(|error| error.to_string())?;
    Ok(Contender {
        name: "Greenlight",
        command: vec![folder.join("bootstrap")],
        environment: vec![("GREENLIGHT_PLAN", "bench.yaml".to_owned())],
        package_bytes: size(&package)?,
        folder,
    })
}

fn node(home: &Path) -> Result<Contender, String> {
    let folder = copied("node", &home.join("node"))?;
    run(Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund", "--omit=dev"])
        .current_dir(&folder))?;
    let program = run(Command::new("node").args(["-p", "process.execPath"]))?;
    Ok(Contender {
        name: "Node.js, SDK v3",
        command: vec![program.trim().into(), folder.join("runtime.mjs")],
        environment: Vec::new(),
        package_bytes: zipped(&folder)?,
        folder,
    })
}

fn python(home: &Path) -> Result<Contender, String> {
    let folder = copied("python", &home.join("python"))?;
    let requirements = folder.join("requirements.txt");
    run(Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--requirement",
        ])
        .arg(&requirements)
        .arg("--target")
        .arg(&folder))?;
    let program = run(Command::new("python3").args(["-c", "import os, sys; print(os.path.realpath(sys.executable))"]))?;
    Ok(Contender {
        name: "Python, boto3",
        command: vec![program.trim().into(), "-m".into(), "awslambdaric".into(), "hook.handler".into()],
        environment: vec![("PYTHONPATH", folder.display().to_string())],
        package_bytes: zipped(&folder)?,
        folder,
    })
}

fn emptied(folder: PathBuf) -> Result<PathBuf, String> {
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn copied(peer: &str, folder: &Path) -> Result<PathBuf, String> {
    let folder = emptied(folder.to_owned())?;
    let source = root().join("tests/bench/peers").join(peer);
    for entry in fs::read_dir(&source).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().expect("an entry has a name");
        fs::copy(&path, folder.join(name)).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

fn zipped(folder: &Path) -> Result<u64, String> {
    let package = folder.with_extension("zip");
    run(Command::new("python3").args(["-m", "zipfile", "--create"]).arg(&package).arg(".").current_dir(folder))?;
    size(&package)
}

fn size(file: &Path) -> Result<u64, String> {
    fs::metadata(file).map(|data| data.len()).map_err(|error| format!("{}: {error}", file.display()))
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
