using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Containers;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>
/// Every object of a small repository is damaged in every way; a check that reads data names the object and the backups
/// that it hurts, and a check of the structure finds everything but flips within payloads.
/// </summary>
/// <remarks>
/// What a removal leaves no trace of, and why nothing can be done about it: a manifest (the repository is then what it was
/// before the backup; what only it needed is reported as not referenced), a tombstone (the backup exists again), the
/// newest WAL segment and the backup label file, which no other object needs and which may never have been archived; and what only an expired backup needed.
/// </remarks>
public sealed class DamageTests
{
    private const int Seed = 20261120;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_flipped_bit_is_named_with_the_backups_it_hurts(bool encrypted)
    {
        var repository = await DamagedRepository.CreateAsync(encrypted);
        var random = new Random(Seed);
        foreach (var (name, content) in repository.Objects)
        {
            for (var turn = 0; turn < 6; turn++)
            {
                // The edges are where headers, directories and footers are; the rest falls anywhere.
                var at = turn switch { < 2 => random.Next(128), < 4 => content.Length - 1 - random.Next(64), _ => random.Next(content.Length) };
                var damaged = (byte[])content.Clone();
                damaged[at] ^= (byte)(1 << random.Next(8));
                await repository.AssertNamedAsync(name, damaged, $"bit flipped in byte {at}", readData: true);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_single_byte_of_the_small_objects_counts(bool encrypted)
    {
        var repository = await DamagedRepository.CreateAsync(encrypted);
        foreach (var (name, content) in repository.OneOfEachKind().Where(pair => pair.Value.Length < 2000))
        {
            // Encryption changes payloads only, so that a share of the bytes does for it.
            for (var at = 0; at < content.Length; at += encrypted ? 11 : 1)
            {
                var damaged = (byte[])content.Clone();
                damaged[at] ^= (byte)(1 << (at % 8));
                var hasPayload = DamagedRepository.KindOf(name) is "packs" or "label";
                await repository.AssertNamedAsync(name, damaged, $"byte {at}", readData: hasPayload);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_truncation_is_named_without_reading_data(bool encrypted)
    {
        var repository = await DamagedRepository.CreateAsync(encrypted);
        var random = new Random(Seed);
        foreach (var (name, content) in repository.Objects)
        {
            foreach (var length in new[] { 0, 1, 127, 128, 160, content.Length - 33, content.Length - 1, random.Next(content.Length) })
            {
                await repository.AssertNamedAsync(name, content[..Math.Min(length, content.Length - 1)], $"cut to {length}", readData: false);
            }

            await repository.AssertNamedAsync(name, [.. content, 0], "one byte too many", readData: false);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Objects_that_changed_places_are_named_without_reading_data(bool encrypted)
    {
        var repository = await DamagedRepository.CreateAsync(encrypted);
        foreach (var (name, _) in repository.Objects)
        {
            foreach (var (other, content) in repository.Objects.Where(pair => pair.Key != name).OrderByDescending(
                pair => DamagedRepository.KindOf(pair.Key) == DamagedRepository.KindOf(name)).Take(3))
            {
                await repository.AssertNamedAsync(name, content, $"holds {other}", readData: false);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Objects_of_another_repository_are_named_without_reading_data(bool encrypted)
    {
        var repository = await DamagedRepository.CreateAsync(encrypted);
        var another = await DamagedRepository.CreateAsync(encrypted);
        foreach (var (name, _) in repository.Objects)
        {
            var content = another.Objects.First(
                pair => DamagedRepository.KindOf(pair.Key) == DamagedRepository.KindOf(name)).Value;
            await repository.AssertNamedAsync(name, content, "from another repository", readData: false);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_removed_that_is_needed_is_named_without_reading_data(bool encrypted)
    {
        var repository = await DamagedRepository.CreateAsync(encrypted);
        foreach (var (name, _) in repository.Objects)
        {
            var kind = DamagedRepository.KindOf(name);
            var traceless = kind is "manifest" or "tombstone" or "label" || name.Contains("/000000010000000000000024-", StringComparison.Ordinal);
            if (!traceless && !repository.IsOfExpired(name))
            {
                await repository.AssertNamedAsync(name, content: null, "removed", readData: false);
            }
        }
    }
}
