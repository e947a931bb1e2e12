using Lifeboat.Engine.Files;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// Who shall own a restored cluster. Only root can give files away, and PostgreSQL never runs as root: then it is the owner
/// of the directory that was prepared, or the user of the source's name.
/// </summary>
internal sealed class RestoreOwner
{
    private readonly (uint User, uint Group)? _owner;

    private RestoreOwner((uint User, uint Group)? owner, string? warning)
    {
        _owner = owner;
        Warning = warning;
    }

    internal string? Warning { get; }

    internal static RestoreOwner Choose(IFileSystem files, string directory, BackupManifest backup)
    {
        if (PosixFileSystem.EffectiveUser != 0)
        {
            return new RestoreOwner(owner: null, warning: null);
        }

        if (files.StatTarget(directory) is { Owner: not 0 } existing)
        {
            return new RestoreOwner((existing.Owner, existing.Group), warning: null);
        }

        if (backup.Server.Owner is { } name && name != "root" && UserNames.IdsOf(files, name) is { } ids)
        {
            return new RestoreOwner(ids, warning: null);
        }

        return new RestoreOwner(
            owner: null,
            "the restored files belong to root, as whom PostgreSQL does not run: 'chown -R' them to its user before the "
            + "first start");
    }

    internal void Give(IFileSystem files, string path)
    {
        if (_owner is { } owner)
        {
            files.SetOwner(path, owner.User, owner.Group);
        }
    }
}
