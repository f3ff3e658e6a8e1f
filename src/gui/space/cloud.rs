//! Many points on the graphics card: one buffer, written when points or colours change and only read while the map
//! moves.

use crate::figure::Colour;
use eframe::egui_wgpu::{CallbackResources, CallbackTrait, RenderState, ScreenDescriptor, wgpu};
use egui::PaintCallbackInfo;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a point: three coordinates, a radius, a colour.
const STRIDE: usize = 20;
/// Bytes of what the shader is told: a matrix, the size of the picture with scale and opacity, the fog.
const UNIFORMS: usize = 96;

/// Clouds that the card holds at a time.
const MOST: usize = 12;

/// Points as the graphics card has them.
#[derive(Debug, Clone)]
pub struct Points {
    /// Tells these from every other points of this process.
    pub key: u64,
    bytes: Arc<[u8]>,
}

impl Points {
    /// Of every point its place, its radius in points of the screen (none is drawn where it is 0), and its colour.
    pub fn new(count: usize, point: impl Fn(usize) -> ([f32; 3], f32, Colour) + Sync) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut bytes = vec![0; count * STRIDE];
        bytes.par_chunks_exact_mut(STRIDE).with_min_len(4096).enumerate().for_each(|(i, to)| {
            let ([x, y, z], radius, Colour(r, g, b, a)) = point(i);
            for (to, value) in to.as_chunks_mut::<4>().0.iter_mut().zip([x, y, z, radius]) {
                *to = value.to_le_bytes();
            }
            to[16..].copy_from_slice(&[r, g, b, a]);
        });
        Self { key: NEXT.fetch_add(1, Ordering::Relaxed), bytes: bytes.into() }
    }

    /// The same points, the first of `order` drawn first.
    pub fn sorted(&self, order: &[u32]) -> Self {
        let bytes: Vec<u8> =
            order.iter().flat_map(|&i| &self.bytes[i as usize * STRIDE..][..STRIDE]).copied().collect();
        Self { key: self.key, bytes: bytes.into() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / STRIDE
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// One picture of points for one frame.
#[derive(Debug)]
pub struct Cloud {
    /// Which of the clouds of the window it is: each has a buffer of its own.
    pub place: u64,
    /// The points, and the order that they are drawn in, where that is not their own.
    pub points: Points,
    /// Changes with the points and their order: the buffer is written anew.
    pub version: (u64, u64),
    /// Width and height of the picture in points of the screen.
    pub size: [f32; 2],
    /// From places to the picture: column by column, x and y from -1 to 1, z ahead.
    pub matrix: [[f32; 4]; 4],
    /// How many times larger than they are points are drawn.
    pub scale: f32,
    /// How opaque points are, 0 to 1.
    pub opacity: f32,
    /// What far points fade into, and how much of it the farthest have.
    pub fog: (Colour, f32),
}

/// What the graphics card holds.
struct Held {
    version: (u64, u64),
    count: u32,
    points: wgpu::Buffer,
    uniforms: wgpu::Buffer,
    group: wgpu::BindGroup,
    used: u64,
}

/// All clouds of the window.
struct Clouds {
    pipeline: wgpu::RenderPipeline,
    held: BTreeMap<u64, Held>,
    /// Counts pictures, so that the one that was drawn longest ago gives its room away.
    turn: u64,
}

const SHADER: &str = r"
struct Picture {
    matrix: mat4x4<f32>,
    // Width and height in pixels, pixels per point times the scale, opacity.
    size: vec4<f32>,
    // Red, green and blue of the fog, and how much the farthest points have of it.
    fog: vec4<f32>,
};
@group(0) @binding(0) var<uniform> picture: Picture;

struct Corner {
    @builtin(position) at: vec4<f32>,
    @location(0) colour: vec4<f32>,
    @location(1) offset: vec2<f32>,
    @location(2) radius: f32,
};

@vertex
fn corner(@builtin(vertex_index) i: u32, @location(0) place: vec3<f32>, @location(1) size: f32, @location(2) colour: vec4<f32>) -> Corner {
    var corners = array<vec2<f32>, 6>(
        vec2(-1.0, -1.0), vec2(1.0, -1.0), vec2(-1.0, 1.0), vec2(-1.0, 1.0), vec2(1.0, -1.0), vec2(1.0, 1.0));
    var out: Corner;
    let middle = picture.matrix * vec4(place, 1.0);
    let radius = size * picture.size.z / max(middle.w, 0.001);
    // Half a pixel more, for the edge to fade.
    let reach = select(radius + 0.5, 0.0, size <= 0.0);
    let offset = corners[i] * reach;
    out.at = middle + vec4(offset * 2.0 / picture.size.xy * middle.w, 0.0, 0.0);
    let depth = clamp(middle.z / max(middle.w, 0.001), 0.0, 1.0);
    out.colour = vec4(mix(colour.rgb, picture.fog.rgb, depth * picture.fog.w), colour.a * picture.size.w);
    out.offset = offset;
    out.radius = radius;
    return out;
}

@fragment
fn disc(in: Corner) -> @location(0) vec4<f32> {
    let cover = clamp(in.radius + 0.5 - length(in.offset), 0.0, 1.0) * in.colour.a;
    return vec4(in.colour.rgb * cover, cover);
}

@fragment
fn disc_linear(in: Corner) -> @location(0) vec4<f32> {
    let cover = clamp(in.radius + 0.5 - length(in.offset), 0.0, 1.0) * in.colour.a;
    let low = in.colour.rgb / 12.92;
    let high = pow((in.colour.rgb + vec3(0.055)) / 1.055, vec3(2.4));
    return vec4(select(high, low, in.colour.rgb <= vec3(0.04045)) * cover, cover);
}
";

/// Makes ready for drawing on this graphics card.
pub fn install(state: &RenderState) {
    let (device, format) = (&state.device, state.target_format);
    let source = wgpu::ShaderSource::Wgsl(SHADER.into());
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some("points"), source });
    let premultiplied = wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING;
    let target = wgpu::ColorTargetState { format, blend: Some(premultiplied), write_mask: wgpu::ColorWrites::ALL };
    let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("points"),
        layout: None,
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("corner"),
            buffers: &[Some(wgpu::VertexBufferLayout {
                array_stride: STRIDE as u64,
                step_mode: wgpu::VertexStepMode::Instance,
                attributes: &wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32, 2 => Unorm8x4],
            })],
            compilation_options: wgpu::PipelineCompilationOptions::default(),
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(if format.is_srgb() { "disc_linear" } else { "disc" }),
            targets: &[Some(target)],
            compilation_options: wgpu::PipelineCompilationOptions::default(),
        }),
        multiview_mask: None,
        cache: None,
    });
    let clouds = Clouds { pipeline, held: BTreeMap::new(), turn: 0 };
    state.renderer.write().callback_resources.insert(clouds);
}

impl Cloud {
    fn uniforms(&self, pixels_per_point: f32) -> Vec<u8> {
        let Colour(r, g, b, _) = self.fog.0;
        let fog = [r, g, b].map(|c| f32::from(c) / 255.0);
        let size = self.size.map(|points| (points * pixels_per_point).max(1.0));
        let values = self.matrix.iter().flatten().copied().chain(size);
        let values = values.chain([pixels_per_point * self.scale, self.opacity]).chain(fog).chain([self.fog.1]);
        values.flat_map(f32::to_le_bytes).collect()
    }
}

impl Clouds {
    /// Room on the card for a cloud.
    fn hold(&mut self, device: &wgpu::Device, place: u64, bytes: u64) {
        if self.held.len() == MOST {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.used).map(|(place, _)| *place);
            oldest.map(|place| self.held.remove(&place));
        }
        let buffer = |label, size: u64, usage| {
            let usage = usage | wgpu::BufferUsages::COPY_DST;
            device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
        };
        let points = buffer("points", bytes, wgpu::BufferUsages::VERTEX);
        let uniforms = buffer("picture", UNIFORMS as u64, wgpu::BufferUsages::UNIFORM);
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("picture"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() }],
        });
        self.held.insert(place, Held { version: (0, 0), count: 0, points, uniforms, group, used: 0 });
    }
}

impl CallbackTrait for Cloud {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(clouds) = resources.get_mut::<Clouds>() else { return Vec::new() };
        let bytes = (self.points.bytes.len() as u64).max(STRIDE as u64);
        if clouds.held.get(&self.place).is_none_or(|held| held.points.size() < bytes) {
            clouds.held.remove(&self.place);
            clouds.hold(device, self.place, bytes);
        }
        clouds.turn += 1;
        if let Some(held) = clouds.held.get_mut(&self.place) {
            held.used = clouds.turn;
            if held.version != self.version {
                queue.write_buffer(&held.points, 0, &self.points.bytes);
                (held.version, held.count) = (self.version, self.points.len() as u32);
            }
            queue.write_buffer(&held.uniforms, 0, &self.uniforms(screen.pixels_per_point));
        }
        Vec::new()
    }

    fn paint(&self, _info: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        let Some(clouds) = resources.get::<Clouds>() else { return };
        let Some(held) = clouds.held.get(&self.place).filter(|held| held.count > 0) else { return };
        pass.set_pipeline(&clouds.pipeline);
        pass.set_bind_group(0, &held.group, &[]);
        pass.set_vertex_buffer(0, held.points.slice(..));
        pass.draw(0..6, 0..held.count);
    }
}
