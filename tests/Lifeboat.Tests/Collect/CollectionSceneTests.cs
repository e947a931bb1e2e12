using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Leases;
using Lifeboat.Testing.Simulation;
using Xunit;

namespace Lifeboat.Tests.Collect;

/// <summary>
/// Scenes for what random histories seldom meet: each holds as it is, and breaks a promise when the one thing that it is
/// about is taken away.
/// </summary>
public sealed class CollectionSceneTests
{
    private static readonly TimeSpan s_settled = CollectionMargins.Usual.Settle + TimeSpan.FromMinutes(2);

    private static readonly Dictionary<Sabotage, Func<CollectionScene, Task>> s_scenes = new()
    {
        [Sabotage.WritersIgnoreTheirLease] = scene => A_writer_sleeps_and_the_list_is_forgotten(scene, days: 40),
        [Sabotage.WritersIgnoreTheirLeaseAndListsAreForgotten] =
            scene => A_writer_sleeps_and_the_list_is_forgotten(scene, days: 6),
        [Sabotage.WhatWasSparedIsUsedAgain] = A_sweep_sleeps_and_another_spares_what_it_deletes,
        [Sabotage.CompletionIsNotAsked] = A_writer_sleeps_before_its_manifest_and_dies_behind_it,
        [Sabotage.CollectorsIgnoreLeases] = A_reader_takes_days,
        [Sabotage.CollectorsDoNotMarkAgain] = A_backup_is_completed_between_the_list_and_its_clearing,
        [Sabotage.CollectorsForgetOldLists] = A_sweep_sleeps_and_its_pack_would_be_a_home,
        [Sabotage.NothingSettles] = A_backup_is_completed_and_listings_lag,
    };

    public static TheoryData<string> Scenes => [.. s_scenes.Keys.Select(sabotage => sabotage.ToString())];

    [Theory]
    [MemberData(nameof(Scenes))]
    public async Task A_scene_holds_and_without_what_it_is_about_breaks_a_promise(string name)
    {
        var sabotage = Enum.Parse<Sabotage>(name);
        const int seeds = 10;
        var broken = await SceneProof.BrokenAsync(name, seeds, (seed, isOn) => PlayAsync(seed, sabotage, isOn));

        // Only where lags decide is it a matter of chance.
        Assert.True(sabotage == Sabotage.NothingSettles ? broken > 0 : broken == seeds, $"{broken} of {seeds} were noticed");
    }

    private static async Task PlayAsync(int seed, Sabotage sabotage, bool isOn)
    {
        var scene = new CollectionScene(seed, isOn ? sabotage : Sabotage.None)
        {
            // That lists are forgotten early is harmless as long as leases are heeded.
            Margins = isOn || sabotage == Sabotage.WritersIgnoreTheirLeaseAndListsAreForgotten
                ? sabotage.Margins()
                : HistoryProcess.Margins,
        };
        await scene.OpenAsync();
        await scene.BackUpAsync(content: 1);
        await scene.BackUpAsync(content: 2);
        await s_scenes[sabotage](scene);
        await scene.RequireReadableAsync();
    }

    private static async Task A_writer_sleeps_and_the_list_is_forgotten(CollectionScene scene, int days)
    {
        var writer = scene.Begin("put", "/maps/", view => scene.BackUpAsync(view, 1));
        await writer.Asleep;
        await scene.ExpireAllButLastAsync();
        for (var day = 0; day < days; day++)
        {
            scene.Clock.Advance(TimeSpan.FromDays(1));
            await scene.CollectAsync();
            scene.Clock.Advance(s_settled);
            await scene.CollectAsync();
        }

        await writer.WakeAsync();
    }

    private static async Task A_sweep_sleeps_and_another_spares_what_it_deletes(CollectionScene scene)
    {
        await scene.ExpireAllButLastAsync();
        scene.Clock.Advance(TimeSpan.FromDays(3));
        var late = scene.Begin("put", "/manifest", view => scene.BackUpAsync(view, 1));
        await late.Asleep;
        await scene.CollectAsync();
        scene.Clock.Advance(CollectionMargins.Usual.LeaseTerm * 2);
        await scene.CollectAsync();
        scene.Clock.Advance(s_settled);
        var sweep = scene.Begin("delete", "/packs/", scene.CollectAsync);
        await sweep.Asleep;

        // Its manifest comes too late, and until that is old a mark takes it for one that may still be completed.
        await late.WakeAsync();
        await scene.CollectAsync();
        scene.Clock.Advance(s_settled);
        await scene.BackUpAsync(content: 1);
        await sweep.WakeAsync();
    }

    private static async Task A_writer_sleeps_before_its_manifest_and_dies_behind_it(CollectionScene scene)
    {
        var writer = scene.Begin(
            "put", "/manifest", view => scene.BackUpAsync(view, 1), diesBehind: true);
        await writer.Asleep;
        await scene.ExpireAllButLastAsync();
        scene.Clock.Advance(TimeSpan.FromDays(3));
        for (var step = 0; step < 3; step++)
        {
            await scene.CollectAsync();
            scene.Clock.Advance(s_settled);
        }

        await writer.WakeAsync();
    }

    private static async Task A_reader_takes_days(CollectionScene scene)
    {
        await using var lease = await Lease.TakeAsync(scene.Cluster, LeasePurpose.Read, default);
        var read = (await BackupCatalog.ListAsync(scene.Cluster, default)).Backups[0];
        await scene.ExpireAllButLastAsync();
        for (var renewal = 0; renewal < 200; renewal++)
        {
            scene.Clock.Advance(s_settled);
            await lease.RenewAsync(default);
            if (renewal % 4 == 0)
            {
                await scene.CollectAsync();
            }
        }

        await scene.RequireReadableAsync(read);
    }

    private static async Task A_backup_is_completed_between_the_list_and_its_clearing(CollectionScene scene)
    {
        await scene.ExpireAllButLastAsync();
        scene.Clock.Advance(TimeSpan.FromDays(3));
        var writer = scene.Begin("put", "/maps/", view => scene.BackUpAsync(view, 1));
        await writer.Asleep;
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await scene.CollectAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await writer.WakeAsync();
        for (var step = 0; step < 3; step++)
        {
            scene.Clock.Advance(s_settled);
            await scene.CollectAsync();
        }
    }

    private static async Task A_sweep_sleeps_and_its_pack_would_be_a_home(CollectionScene scene)
    {
        // Two packs come to hold one frame: the older has another one, too.
        var other = scene.Begin("put", "/packs/", view => scene.BackUpAsync(view, 3, 4));
        await other.Asleep;
        scene.Clock.Advance(TimeSpan.FromSeconds(1));
        var before = await scene.PacksAsync();
        await scene.BackUpAsync(content: 3);
        var newer = Assert.Single((await scene.PacksAsync()).Except(before));
        await other.WakeAsync();
        await scene.BackUpAsync(content: 4);
        await scene.BackUpAsync(content: 5);
        await scene.ExpireAllButLastAsync(kept: 2);

        // Nothing needs it, and the newer pack is condemned.
        scene.Clock.Advance(TimeSpan.FromDays(3));
        await scene.CollectAsync();
        scene.Clock.Advance(s_settled);
        await scene.CollectAsync();
        scene.Clock.Advance(s_settled);
        var sweep = scene.Begin("delete", $"/packs/{newer}", scene.CollectAsync);
        await sweep.Asleep;

        // It is needed again, and lies in the older one alone by now.
        await scene.BackUpAsync(content: 3);
        await scene.BackUpAsync(content: 6);
        await scene.ExpireAllButLastAsync(kept: 2);
        for (var day = 0; day < 4; day++)
        {
            scene.Clock.Advance(TimeSpan.FromDays(3));
            for (var step = 0; step < 3; step++)
            {
                await scene.CollectAsync();
                scene.Clock.Advance(s_settled);
            }
        }

        await sweep.WakeAsync();
    }

    private static async Task A_backup_is_completed_and_listings_lag(CollectionScene scene)
    {
        await scene.ExpireAllButLastAsync();
        scene.Clock.Advance(TimeSpan.FromDays(3));
        scene.Storage.Lag = TimeSpan.FromMinutes(6);
        var writer = scene.Begin("put", "/manifest", view => scene.BackUpAsync(view, 1));
        await writer.Asleep;
        scene.Storage.Lag = TimeSpan.Zero;
        await scene.CollectAsync();
        scene.Storage.Lag = TimeSpan.FromMinutes(6);
        await writer.WakeAsync();
        for (var step = 0; step < 2; step++)
        {
            scene.Clock.Advance(TimeSpan.FromSeconds(1));
            await scene.CollectAsync();
        }

        // And as it goes on with margins.
        for (var step = 0; step < 3; step++)
        {
            scene.Clock.Advance(s_settled);
            await scene.CollectAsync();
        }
    }
}
