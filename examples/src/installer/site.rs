use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{fs, sync::Mutex};

use super::{
    InstallError, Manifest, Package,
    registry::{checksum, read},
};

/// Where plugins go to: a folder that looks like this.
///
/// ```text
/// plugins/gallery/installed-by           the request that has asked for it
/// plugins/gallery/manifest.json          what the registry said
/// plugins/gallery/code
/// libraries/images/code                  what plugins need
/// libraries/images/needed-by/gallery     and which of them
/// hooks/page.gallery                     the plugin that hangs there
/// ```
#[derive(Clone, Debug)]
pub struct Site {
    root: PathBuf,
    die_at: Option<String>,
    /// Libraries are shared by plugins, so they come and go one at a time.
    libraries: Arc<Mutex<()>>,
}

impl Site {
    /// That in a folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { root: folder.into(), die_at: None, libraries: Arc::default() }
    }

    /// Ends the process half-way through a step, as if it were killed there.
    #[must_use]
    pub fn dying_at(mut self, step: Option<String>) -> Self {
        self.die_at = step;
        self
    }

    fn half_way(&self, step: &str) {
        if self.die_at.as_deref() == Some(step) {
            eprintln!("dying half-way through `{step}`");
            std::process::abort();
        }
    }

    fn plugin(&self, plugin: &str) -> PathBuf {
        self.root.join("plugins").join(plugin)
    }

    pub(super) async fn reserve(&self, request: &str, manifest: &Manifest) -> Result<(), InstallError> {
        let plugin = self.plugin(&manifest.name);
        let owner = plugin.join("installed-by");
        match fs::read_to_string(&owner).await {
            Ok(by) if by != request => {
                return Err(InstallError::Installed { plugin: manifest.name.clone(), by });
            }
            _ => write(&owner, request.as_bytes()).await?,
        }
        self.half_way("validate");
        let json = serde_json::to_vec_pretty(manifest).map_err(io::Error::from);
        write(&plugin.join("manifest.json"), &json.map_err(InstallError::at(&plugin))?).await
    }

    /// Only what this request has put there: where another one had installed the plugin before, it stays.
    pub(super) async fn give_back(&self, request: &str, plugin: &str) -> Result<(), InstallError> {
        let folder = self.plugin(plugin);
        let owner = folder.join("installed-by");
        if fs::read_to_string(&owner).await.is_ok_and(|by| by == request) {
            remove(&folder.join("manifest.json")).await?;
            self.half_way("clean_up");
            remove(&owner).await?;
            self.remove_empty(&folder).await?;
        }
        Ok(())
    }

    pub(super) async fn download(&self, manifest: &Manifest, from: &Path) -> Result<Package, InstallError> {
        let to = self.plugin(&manifest.name).join("code");
        let part = to.with_extension("part");
        let (bytes, found) = read(from).await?;
        write(&part, &bytes[..bytes.len() / 2]).await?;
        self.half_way("download");
        write(&part, &bytes).await?;
        if found != manifest.checksum {
            let (plugin, expected) = (manifest.name.clone(), manifest.checksum.clone());
            return Err(InstallError::Damaged { plugin, expected, found });
        }
        fs::rename(&part, &to).await.map_err(InstallError::at(&to))?;
        Ok(Package { size: bytes.len() as u64, checksum: checksum(&bytes) })
    }

    pub(super) async fn delete(&self, plugin: &str) -> Result<(), InstallError> {
        let code = self.plugin(plugin).join("code");
        remove(&code.with_extension("part")).await?;
        self.half_way("delete");
        remove(&code).await
    }

    pub(super) async fn add_library(
        &self,
        library: &str,
        from: &Path,
        plugin: &str,
    ) -> Result<(), InstallError> {
        let _one_at_a_time = self.libraries.lock().await;
        let folder = self.root.join("libraries").join(library);
        // First who needs it, then what it is: whatever happens in between, it can be undone.
        write(&folder.join("needed-by").join(plugin), b"").await?;
        self.half_way("install_dependencies");
        let (bytes, _) = read(from).await?;
        write(&folder.join("code"), &bytes).await
    }

    pub(super) async fn drop_library(&self, library: &str, plugin: &str) -> Result<(), InstallError> {
        let _one_at_a_time = self.libraries.lock().await;
        let folder = self.root.join("libraries").join(library);
        let needed_by = folder.join("needed-by");
        remove(&needed_by.join(plugin)).await?;
        self.half_way("uninstall");
        if names(&needed_by).await?.is_empty() {
            remove(&folder.join("code")).await?;
            self.remove_empty(&needed_by).await?;
        }
        Ok(())
    }

    pub(super) async fn activate(&self, manifest: &Manifest, sum: &str) -> Result<(), InstallError> {
        let (_, found) = read(&self.plugin(&manifest.name).join("code")).await?;
        if found != sum {
            let (plugin, expected) = (manifest.name.clone(), sum.to_owned());
            return Err(InstallError::Damaged { plugin, expected, found });
        }
        for hook in &manifest.hooks {
            let path = self.root.join("hooks").join(hook);
            match fs::read_to_string(&path).await {
                Ok(by) if by != manifest.name => {
                    return Err(InstallError::HookTaken { hook: hook.clone(), by });
                }
                _ => write(&path, manifest.name.as_bytes()).await?,
            }
            self.half_way("activate");
        }
        Ok(())
    }

    pub(super) async fn deactivate(&self, plugin: &str) -> Result<(), InstallError> {
        let hooks = self.root.join("hooks");
        for hook in names(&hooks).await? {
            let path = hooks.join(hook);
            if fs::read_to_string(&path).await.is_ok_and(|by| by == plugin) {
                remove(&path).await?;
                self.half_way("deactivate");
            }
        }
        self.remove_empty(&hooks).await
    }

    /// Removes a folder with nothing in it, and those above it that are empty then, up to the site's own.
    async fn remove_empty(&self, folder: &Path) -> Result<(), InstallError> {
        let mut folder = folder;
        while folder != self.root && names(folder).await?.is_empty() {
            match fs::remove_dir(folder).await {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(InstallError::at(folder)(error)),
            }
            let Some(above) = folder.parent() else { break };
            folder = above;
        }
        Ok(())
    }
}

/// Writes a file, and the folders above it.
async fn write(path: &Path, bytes: &[u8]) -> Result<(), InstallError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).await.map_err(InstallError::at(folder))?;
    }
    fs::write(path, bytes).await.map_err(InstallError::at(path))
}

/// Removes a file, if it is there.
async fn remove(path: &Path) -> Result<(), InstallError> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(InstallError::at(path)(error)),
        _ => Ok(()),
    }
}

/// What is in a folder; nothing, if there is none.
async fn names(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let mut names = Vec::new();
    let mut entries = match fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        Err(error) => return Err(InstallError::at(folder)(error)),
    };
    while let Some(entry) = entries.next_entry().await.map_err(InstallError::at(folder))? {
        names.push(entry.file_name().into());
    }
    Ok(names)
}
