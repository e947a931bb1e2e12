using System.Globalization;
using System.Threading.Channels;
using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Restore.Delta;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore;

/// <summary>Carries out one restore plan.</summary>
internal sealed class RestoreRun(RestorePlan plan, IFileSystem files, IActivity activity)
{
    private const int DirectoryMode = 0x1C0; // 0700
    private const int MostMode = 0x1E8; // 0750: PostgreSQL refuses more

    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly List<string> _made = [];
    private readonly List<string> _begun = [];
    private readonly List<string> _directories = [];
    private readonly RestoreOwner _owner = RestoreOwner.Choose(files, plan.Request.Directory, plan.Target.Backup);

    private string Root => plan.Request.Directory;

    internal async Task<RestoreReport> RunAsync(CancellationToken cancellationToken)
    {
        var warnings = new List<string>(plan.Warnings);
        if (_owner.Warning is { } warning)
        {
            warnings.Add(warning);
        }

        using var mark = BeginInPlace();
        foreach (var place in plan.Tablespaces.Where(place => !StaysInPlace(place.Key))
            .Select(place => place.Value)
            .Prepend(Root)
            .Skip(plan.Delta is null ? 0 : 1))
        {
            // What was put there since the plan was made is nobody's to remove.
            RestoreDirectory.Check(files, place, "directory");
            _begun.Add(place);
            _made.AddRange(RestoreDirectory.Begin(files, place, Root));
            files.SetMode(place, DirectoryMode);
            _owner.Give(files, place);
            _directories.Add(place);
        }

        MakeDirectories();
        using var index = FrameIndex.ForReading(plan.Request.Cluster);
        var recovery = new RecoveryFiles(plan, files, _owner);
        var written = await WriteFilesAsync(index, recovery, cancellationToken);
        activity.Say("writing the recovery settings");
        written += await recovery.WriteAsync(index, warnings, cancellationToken);
        if (plan.Target.Left is { } left)
        {
            written += await LeftSegmentFile.WriteAsync(
                plan.Request.Cluster, left, Root, files, _owner, cancellationToken);
        }

        // Everything is durable before pg_control makes the directory one that a server starts on.
        foreach (var directory in _directories)
        {
            files.SyncDirectory(directory);
        }

        written += recovery.WriteControlFile();
        if (plan.Delta is null)
        {
            RestoreDirectory.End(files, Root);
        }
        else
        {
            DeltaMark.Remove(files, Root);
        }

        UnmarkTablespaces(warnings);
        foreach (var said in warnings)
        {
            activity.Warn(said);
        }

        var duration = TimeProvider.System.GetElapsedTime(_began);
        return new RestoreReport(plan, written, duration, recovery.Marker.Lineage.ToString(), warnings);
    }

    /// <summary>
    /// Takes back what a failed restore wrote: pg_control first, the mark of the data directory last. What cannot be
    /// removed stays marked and does not start.
    /// </summary>
    internal void CleanUp()
    {
        if (plan.Delta is not null)
        {
            activity.Warn(
                $"{PosixPath.Display(Root)} is restored in part and does not start: run the same restore again, with --delta");
            return;
        }

        try
        {
            DeleteIfThere(PosixPath.Combine(Root, ControlFile.Path));
            foreach (var place in _begun.AsEnumerable().Reverse().Where(place => files.Stat(place) is not null))
            {
                RestoreDirectory.Empty(files, place, RestoreDirectory.Mark);
                DeleteIfThere(PosixPath.Combine(place, RestoreDirectory.Mark));
            }

            foreach (var directory in _made.AsEnumerable().Reverse())
            {
                files.DeleteDirectory(directory);
            }
        }
        catch (FileSystemException error)
        {
            activity.Warn($"what the restore had written could not be removed: {error.Message}");
        }
    }

    /// <summary>The cluster is whole and unmarked by now, and a mark that stays behind stands for nothing.</summary>
    private void UnmarkTablespaces(List<string> warnings)
    {
        foreach (var place in _begun.Where(place => place != Root))
        {
            try
            {
                RestoreDirectory.End(files, place);
            }
            catch (FileSystemException error)
            {
                warnings.Add($"remove '{RestoreDirectory.Mark}' from {PosixPath.Display(place)}: {error.Message}");
            }
        }
    }

    private void DeleteIfThere(string path)
    {
        if (_begun.Count > 0 && files.Stat(path) is not null)
        {
            files.Delete(path);
        }
    }

    /// <summary>Null where nothing is restored in place.</summary>
    private IFile? BeginInPlace()
    {
        if (plan.Delta is not { } delta)
        {
            return null;
        }

        foreach (var line in DeltaWords.Of(delta))
        {
            activity.Say(line);
        }

        DeltaDirectory.RequireStopped(files, Root);
        var mark = DeltaMark.Take(
            files, Root, ulong.Parse(plan.Target.Backup.Server.SystemIdentifier, CultureInfo.InvariantCulture));
        try
        {
            DeltaClearing.Run(files, Root, delta);
            files.SetMode(Root, DirectoryMode);
            _directories.Add(Root);
            return mark;
        }
        catch
        {
            mark.Dispose();
            throw;
        }
    }

    private bool StaysInPlace(uint tablespace) =>
        plan.Delta is { } delta && delta.Links.Contains($"pg_tblspc/{tablespace}");

    private void MakeDirectories()
    {
        foreach (var (path, facts) in plan.Entries)
        {
            var full = PosixPath.Combine(Root, path);
            switch (facts.Kind)
            {
                case MapFileKind.Directory when plan.Delta is { } delta && delta.Directories.Contains(path):
                    files.SetMode(full, DirectoryMode | (facts.Mode & MostMode));
                    _directories.Add(full);
                    break;
                case MapFileKind.Directory:
                    files.CreateDirectory(full, DirectoryMode | (facts.Mode & MostMode));
                    _directories.Add(full);
                    break;
                case MapFileKind.TablespaceLink when plan.Delta is { } delta && delta.Links.Contains(path):
                    _directories.Add(files.RealPath(full));
                    continue;
                case MapFileKind.TablespaceLink when uint.TryParse(PosixPath.Name(path), out var oid)
                    && plan.Tablespaces.TryGetValue(oid, out var place):
                    files.CreateSymbolicLink(place, full);
                    break;
                default:
                    continue;
            }

            _owner.Give(files, full);
        }
    }

    private async Task<long> WriteFilesAsync(
        FrameIndex index, RecoveryFiles recovery, CancellationToken cancellationToken)
    {
        using var finishers = new WorkerGroup(cancellationToken);
        var finishing = Channel.CreateBounded<RestoredFile>(256);
        for (var finisher = 0; finisher < Math.Max(2, plan.Request.Jobs); finisher++)
        {
            finishers.Start(stopping => FinishAsync(finishing, stopping));
        }

        using var writer = new ExtentWriter(plan, index, activity, finishing.Writer);
        try
        {
            await using var windows = new RestoreWindows(plan, files, _owner, recovery)
                .ReadAsync(finishers.Stopping)
                .GetAsyncEnumerator(finishers.Stopping);
            await WriteAsync(windows, writer, finishers.Stopping);
        }
        finally
        {
            // A finisher's failure stopped the rest, and takes the place of the cancellation that came of it.
            finishing.Writer.TryComplete();
            await finishers.EndAsync();
        }

        return writer.Written;
    }

    /// <summary>The map is read on while a window is written.</summary>
    private static async Task WriteAsync(
        IAsyncEnumerator<RestoreWindow> windows, ExtentWriter writer, CancellationToken cancellationToken)
    {
        var next = NextAsync();
        while (await next)
        {
            var window = windows.Current;
            next = NextAsync();
            try
            {
                await writer.WriteAsync(window, cancellationToken);
            }
            catch
            {
                await Task.WhenAny(next);
                throw;
            }
        }

        Task<bool> NextAsync() => Task.Run(() => windows.MoveNextAsync().AsTask(), CancellationToken.None);
    }

    private async Task FinishAsync(Channel<RestoredFile> finishing, CancellationToken cancellationToken)
    {
        await foreach (var restored in finishing.Reader.ReadAllAsync(cancellationToken))
        {
            using var file = restored.File;
            file.Sync();
            file.Close();
            files.SetModifiedTime(PosixPath.Combine(Root, restored.Path), restored.Facts.ModifiedNs);
        }
    }
}
