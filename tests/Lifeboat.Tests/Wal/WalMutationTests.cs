using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Wal.Fuzz;
using Xunit;

namespace Lifeboat.Tests.Wal;

/// <summary>
/// Hostile content: whatever bytes stand there, reading ends, throws nothing and takes bounded memory.
/// </summary>
public sealed class WalMutationTests
{
    private const int Rounds = 600;

    [Theory]
    [MemberData(nameof(WalFixtures.Majors), MemberType = typeof(WalFixtures))]
    public void Flipped_bytes_end_in_a_state_and_never_in_an_exception(int major)
    {
        // Every tenth round goes over four segments; the others have the first pages of one, which cost a tenth.
        var segments = WalFixtures.Segments(major).Take(4).ToList();
        var originals = segments.Select(s => s.Content.ToArray()).ToList();
        var working = originals.Select(o => o.ToArray()).ToList();
        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new Random((major * 10_000) + seed);
            var at = random.Next(working.Count);
            var length = seed % 10 == 0 ? working[at].Length : 12 * WalPageHeader.PageSize;
            var where = Mutate(random, working[at].AsSpan(0, length));
            var crc = seed % 3 == 0;
            try
            {
                var run = segments
                    .Select((s, i) => (s.Name, (ReadOnlyMemory<byte>)working[i]))
                    .Where((_, i) => i == at || seed % 10 == 0)
                    .Select(s => (s.Name, Content: seed % 10 == 0 ? s.Item2 : s.Item2[..length]))
                    .ToList();
                ReadBounded(run, new WalReaderOptions(CheckCrc: crc));
                var mutated = run.Single(s => s.Name == segments[at].Name);
                var facts = WalSegmentFacts.Collect(mutated.Name, mutated.Content, crc);
                Assert.True(facts.EndPosition >= mutated.Name.Start && facts.EndPosition <= mutated.Name.End);
                Assert.Equal(
                    facts.Reason.Length == 0,
                    facts.Ending is WalSegmentEnding.Complete or WalSegmentEnding.ContinuesInNext);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"PostgreSQL {major}, seed {seed}, segment {at}, bytes at {where}: {e}");
            }

            originals[at].AsSpan(0, length).CopyTo(working[at]);
        }
    }

    [Fact]
    public void A_flipped_byte_inside_a_record_is_never_taken_for_good()
    {
        var wal = new WalBuilder().FillTo(60_000);
        var (name, bytes) = wal.Segments[0];
        var content = bytes[..(16 * WalPageHeader.PageSize)].ToArray();
        var records = WalFixtures.ReadAll(wal.Segments).Records;
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var victim = records[random.Next(records.Count)];

            // Padding included: the CRC covers all of the fixed header but itself.
            var at = (int)(victim.Lsn.Value - name.Start.Value) + random.Next(WalRecord.HeaderLength);
            if (at / 8192 != (int)(victim.Lsn.Value - name.Start.Value) / 8192)
            {
                continue;
            }

            var old = content[at];
            content[at] ^= (byte)(1 << random.Next(8));
            var (read, reader) = WalFixtures.ReadAll([(name, content)]);
            content[at] = old;

            Assert.True(
                read.SequenceEqual(records.TakeWhile(r => r.Lsn < victim.Lsn)) && reader.Position == victim.Lsn,
                $"seed {seed}: {reader.State} at {reader.Position} and not {victim.Lsn}: {reader.Reason}");
        }
    }

    [Fact]
    public void Noise_is_unreadable_at_its_first_byte()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var noise = new byte[64 << 10];
            new Random(seed).NextBytes(noise);
            var name = new WalSegmentName(Timeline.First, 7, WalFixtures.Size);

            var facts = WalSegmentFacts.Collect(name, noise);

            Assert.True(facts.Ending == WalSegmentEnding.Unreadable && facts.EndPosition == name.Start, $"seed {seed}");
        }
    }

    private static void ReadBounded(
        IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> run, WalReaderOptions options)
    {
        var reader = new WalRecordReader(options);
        var most = run.Sum(s => s.Content.Length) / WalRecord.HeaderLength;
        var last = Lsn.Zero;
        var records = 0;
        foreach (var (name, content) in run)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                Assert.True(++records <= most && record.Lsn > last && record.EndLsn > record.Lsn);
                last = record.Lsn;
                WalBodies.Touch(record);
            }

            if (reader.State != WalReaderState.NeedsMore)
            {
                Assert.NotEmpty(reader.Reason);
                Assert.False(reader.TryRead(out _));
                break;
            }
        }
    }

    private static int Mutate(Random random, Span<byte> content)
    {
        var anywhere = random.Next(content.Length);
        var where = random.Next(2) == 0 ? anywhere : (anywhere / 8192 * 8192) + random.Next(80);
        where = Math.Min(where, content.Length - 64);
        switch (random.Next(4))
        {
            case 0:
                content[where] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                random.NextBytes(content.Slice(where, random.Next(1, 64)));
                break;
            case 2:
                content.Slice(where, random.Next(1, 64)).Fill((byte)(random.Next(2) * 255));
                break;
            default:
                content.Slice(random.Next(content.Length - 600), 512).CopyTo(
                    content[Math.Min(where, content.Length - 512)..]);
                break;
        }

        return where;
    }
}
