using Lifeboat.Repository.Collect;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Xunit;

namespace Lifeboat.Tests.Collect;

/// <summary>Scenes of a repository with locks: each holds, and breaks a promise when the one thing that it is about is taken away.</summary>
public sealed class LockSceneTests
{
    private static readonly LockTerms s_terms = new(LockMode.Compliance, TimeSpan.FromDays(4));

    private static readonly Dictionary<Sabotage, Func<CollectionScene, Task>> s_scenes = new()
    {
        [Sabotage.RenewalsExtendNothing] = Every_day_of_a_fortnight_is_renewed,
        [Sabotage.BackupsDoNotRenew] = A_backup_takes_up_what_nobody_has_renewed_for_days,
        [Sabotage.RenewalsLeaveOutWhatListsName] = A_writer_comes_to_need_what_has_been_condemned,
        [Sabotage.TheNewestVersionWins] = A_thief_puts_something_over_everything,
    };

    public static TheoryData<string> Scenes => [.. s_scenes.Keys.Select(sabotage => sabotage.ToString())];

    [Theory]
    [MemberData(nameof(Scenes))]
    public async Task I17_I18_a_scene_of_locks_holds_and_without_what_it_is_about_breaks_a_promise(string name)
    {
        var sabotage = Enum.Parse<Sabotage>(name);
        const int seeds = 3;
        Assert.Equal(seeds, await SceneProof.BrokenAsync(name, seeds, (seed, isOn) => PlayAsync(seed, sabotage, isOn)));
    }

    [Fact]
    public async Task A_pack_of_a_writer_that_died_before_it_could_lock_it_is_locked_by_who_takes_it_up()
    {
        var scene = new CollectionScene(seed: 1, Sabotage.None, s_terms) { Margins = HistoryProcess.Margins };
        await scene.OpenAsync();
        await scene.BackUpAsync(content: 1);
        scene.Storage.ForgetsLocksOf = static name => name.Value.Contains("/packs/", StringComparison.Ordinal);
        var before = await scene.PacksAsync();
        var writer = scene.Begin("put", "/packs/", view => scene.BackUpAsync(view, 2), diesBehind: true);
        await writer.Asleep;
        await writer.WakeAsync();
        var pack = Assert.Single((await scene.PacksAsync()).Except(before));
        var name = Lifeboat.Repository.ObjectNames.Pack("main", pack);
        var facts = await scene.Storage.Memory.StatAsync(name, default);
        Assert.Null(await scene.Storage.Memory.ReadRetentionAsync(new ObjectVersion(name, facts!.Version!), default));

        await scene.BackUpAsync(content: 2);
        Assert.Equal(before.Append(pack).Order(), (await scene.PacksAsync()).Order());
        await scene.RequireReadableAsync();
    }

    private static async Task PlayAsync(int seed, Sabotage sabotage, bool isOn)
    {
        var scene = new CollectionScene(seed, isOn ? sabotage : Sabotage.None, s_terms) { Margins = HistoryProcess.Margins };
        await scene.OpenAsync();
        await scene.BackUpAsync(content: 1);
        await scene.BackUpAsync(content: 2);
        await s_scenes[sabotage](scene);
        await scene.RequireReadableAsync();
    }

    private static async Task Every_day_of_a_fortnight_is_renewed(CollectionScene scene)
    {
        for (var day = 0; day < 14; day++)
        {
            scene.Clock.Advance(TimeSpan.FromDays(1));
            await scene.RenewAsync();
        }
    }

    private static Task A_backup_takes_up_what_nobody_has_renewed_for_days(CollectionScene scene)
    {
        scene.Clock.Advance(s_terms.Duration * 2);
        return scene.BackUpAsync(content: 1);
    }

    private static async Task A_writer_comes_to_need_what_has_been_condemned(CollectionScene scene)
    {
        await scene.ExpireAllButLastAsync();
        scene.Clock.Advance(TimeSpan.FromDays(3));
        var writer = scene.Begin("put", "/maps/", view => scene.BackUpAsync(view, 1));
        await writer.Asleep;
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await scene.CollectAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await writer.WakeAsync();

        // It is spared while locks hold back what goes by the same lists, and behind that.
        for (var day = 0; day < 14; day++)
        {
            scene.Clock.Advance(CollectionMargins.Usual.Settle + TimeSpan.FromMinutes(2));
            await scene.CollectAsync();
            await scene.RenewAsync();
            await scene.RequireReadableAsync();
            scene.Clock.Advance(TimeSpan.FromDays(1));
        }

        await scene.RenewAsync();
    }

    private static async Task A_thief_puts_something_over_everything(CollectionScene scene)
    {
        var all = new List<ObjectName>();
        await foreach (var facts in scene.Storage.Memory.ListAsync("clusters/main/lineages/", default))
        {
            all.Add(facts.Name);
        }

        foreach (var name in all)
        {
            await scene.Storage.Memory.PutAsync(name, "attacked"u8.ToArray(), PutCondition.Overwrite, default);
        }
    }
}
